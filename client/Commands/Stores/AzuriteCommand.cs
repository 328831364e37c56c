using System.CommandLine;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Hosting;
using Bgpo.Storage.Blobs.Azure;

namespace Bgpo.Client.Commands.Stores;

/// <summary><c>bgpo azurite</c>: the emulator of Azure Blob Storage on this machine.</summary>
internal static class AzuriteCommand
{
    /// <summary>Makes the command.</summary>
    internal static CommandPart Make(ConsoleContext context)
    {
        var port = Flags.Whole("--port", "N", "its port on 127.0.0.1; default: 10000; 0: a free one", 0, 65535);
        var folder = Flags.Text("--folder", "DIR", "where it keeps its blobs; default: .bgpo/azurite");
        var command = new Command(
            "azurite", "Installs Azurite by npm where it is missing, starts it on loopback, and runs until Ctrl-C.")
        {
            port, folder,
        };
        command.SetAction(async (parsed, _) =>
        {
            var token = context.Interrupts.Token;
            if (!Directory.Exists(Azurite.DefaultInstallation))
            {
                context.Terminal.Error.WriteLine($"bgpo: installing Azurite {Azurite.Version} in {Azurite.DefaultInstallation}");
            }

            var installation = await Azurite.InstallAsync(cancellationToken: token);
            var azurite = await Azurite.StartNewAsync(
                context.Paths.Full(parsed.GetValue(folder) ?? Path.Combine(".bgpo", "azurite")), parsed.GetValue(port) ?? 10000,
                installation, token);
            await using (azurite)
            {
                context.Terminal.Out.WriteLine(
                    $"azurite on 127.0.0.1:{azurite.Port}, process {azurite.ProcessId}, blobs in " +
                        $"{context.Paths.Shown(azurite.Folder)}");
                context.Terminal.Out.WriteLine("use it with --store " + azurite.StoreUri("runs"));
                try
                {
                    await azurite.WaitForExitAsync(token);
                }
                catch (OperationCanceledException)
                {
                    return ExitCode.Interrupted; // Disposed in order, so that it keeps what was written.
                }
            }

            context.Terminal.Error.WriteLine("bgpo: azurite ended by itself");
            return ExitCode.Failed;
        });
        return new CommandPart(command,
        [
            ("azurite", "then in another terminal: train --store azblob+emulator://runs"),
            ("azurite --port 0 --folder /tmp/blobs", "on a free port"),
        ]);
    }
}
