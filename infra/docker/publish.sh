#!/bin/sh
# publish.sh cpu|cuda FOLDER: publishes the console and the silo, with libtorch; the images' first stage. Needs the .NET SDK 10.
set -eu

runtime=$1
folder=$2
cd "$(dirname "$0")/../.."
dotnet publish client/Bgpo.Client.csproj -c Release -o "$folder" -v q -nologo \
    -p:TorchSharpRuntime="$runtime" -p:CompileAhead=false -p:RunAnalyzers=false -p:PublishDocumentationFiles=false -p:DebugType=none
