using System.CommandLine;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Commands.Runs;
using Bgpo.Client.Runs;
using Bgpo.Client.Watching;
using Bgpo.Model;

namespace Bgpo.Client.Commands.Stores;

/// <summary><c>bgpo export</c>: a checkpoint as a Hugging Face style model folder.</summary>
internal static class ExportCommand
{
    /// <summary>Makes the command.</summary>
    internal static CommandPart Make(ConsoleContext context)
    {
        var run = new Argument<string>("RUN[@VERSION]") { Description = "the run's id or the beginning of it, and the checkpoint's version; default: the newest whole one" };
        var store = StoreCommands.StoreOption();
        var output = Flags.Text("--out", "DIR", "folder to write config.json, tokenizer.json and model.safetensors to; must be new or empty");
        var json = Flags.Json("the result as one JSON line");
        output.Required = true;
        var command = new Command("export", "Writes a checkpoint's weights as a Hugging Face style model folder.") { run, store, output, json };
        command.SetAction(async (parsed, _) =>
        {
            var wanted = RunReference.Parse(parsed.GetValue(run)!, "argument RUN[@VERSION]");
            var folder = context.Paths.Full(parsed.GetValue(output)!);
            if (File.Exists(folder) || (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any()))
            {
                throw new BadInputException($"option --out: value '{parsed.GetValue(output)}': is there already; name a new or empty folder");
            }

            var target = await RunTarget.Find(context, wanted.Run, null, parsed.GetValue(store), join: false);
            try
            {
                var (model, manifest) = await ModelSource.FromRun(target.Store, wanted.Version, context.Interrupts.Token);
                SaveWhole(model, folder);
                context.Terminal.Out.WriteLine(parsed.GetValue(json)
                    ? JsonLines.Line(new { target.Run, manifest.Version, Folder = folder, manifest.ParameterCount, manifest.WeightsSha256 })
                    : $"{context.Paths.Shown(folder)}: version {manifest.Version} of {target.Run}, {Printed.Many(manifest.ParameterCount, "parameter")}, sha256 {manifest.WeightsSha256}");
            }
            catch (ModelException e)
            {
                throw new BadInputException(e.Message, e);
            }

            return ExitCode.Done;
        });
        return new CommandPart(command,
        [
            ("export sudoku --out models/mine", "the newest whole checkpoint"),
            ("export sudoku@40 --out models/mine --store azblob://ACCOUNT/CONTAINER/prefix", "version 40 of a run in a container"),
        ]);
    }

    /// <summary>Writes a model folder beside its place and moves it there: what fails, as on a full disk, leaves nothing behind.</summary>
    private static void SaveWhole(ModelFolder model, string folder)
    {
        var draft = $"{folder.TrimEnd(Path.DirectorySeparatorChar)}.{Environment.ProcessId}.partial";
        try
        {
            model.Save(draft);
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder); // empty
            }

            Directory.Move(draft, folder);
        }
        catch
        {
            if (Directory.Exists(draft))
            {
                Directory.Delete(draft, recursive: true);
            }

            throw;
        }
    }
}
