using System.Runtime.CompilerServices;

namespace Bgpo.Model.Tests;

/// <summary>Tests that name TorchSharp before anything of the model find it loaded.</summary>
internal static class LoadLibtorch
{
#pragma warning disable CA2255 // This is the program.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Load() => Libtorch.Load();
}
