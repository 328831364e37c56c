using System.CommandLine;
using Bgpo.Client.CommandLine;
using Bgpo.Client.Hosting;
using Bgpo.Client.Models;
using Bgpo.Client.Runs;
using Bgpo.Client.Watching;
using Bgpo.Model;
using Bgpo.Model.Adapters;
using Bgpo.Model.Files;

namespace Bgpo.Client.Commands.Stores;

/// <summary><c>bgpo export</c>: a checkpoint as a Hugging Face style model folder, or as PEFT's folder of adapters.</summary>
internal static class ExportCommand
{
    /// <summary>Makes the command.</summary>
    internal static CommandPart Make(ConsoleContext context)
    {
        var run = new Argument<string>("RUN[@VERSION]")
        {
            Description = "the run's id or the beginning of it, and the checkpoint's version; default: the newest whole one",
        };
        var store = StoreCommands.StoreOption();
        var output = Flags.Text(
            "--out", "DIR", "folder to write config.json, tokenizer.json and model.safetensors to; must be new or empty");
        var merge = Flags.Switch(
            "--merge", "of a run that trains adapters: the whole model with them merged in; default: PEFT's folder of adapters");
        var json = Flags.Json("the result as one JSON line");
        output.Required = true;
        var command = new Command("export", "Writes a checkpoint's weights as a Hugging Face style model folder.")
        {
            run, store, output, merge, json,
        };
        command.SetAction(async (parsed, _) =>
        {
            var wanted = RunReference.Parse(parsed.GetValue(run)!, "argument RUN[@VERSION]");
            var folder = StoreCommands.NewFolder(context, parsed.GetValue(output)!);
            var target = await RunTarget.Find(context, wanted.Run, null, parsed.GetValue(store), join: false);
            try
            {
                var model = await ModelSource.FromRun(target.Store, wanted.Version, context.Interrupts.Token);
                var manifest = model.Manifest;
                var merged = parsed.GetValue(merge);
                (long Parameters, string Sha256) written = (0, "");
                SaveWhole(draft => written = Write(model, draft, merged), folder);
                context.Terminal.Out.WriteLine(parsed.GetValue(json)
                    ? JsonLines.Line(new
                    {
                        target.Run,
                        manifest.Version,
                        Folder = folder,
                        ParameterCount = written.Parameters,
                        WeightsSha256 = written.Sha256
                    })
                    : $"{context.Paths.Shown(folder)}: version {manifest.Version} of {target.Run}, " +
                        $"{Format.Many(written.Parameters, "parameter")}, sha256 {written.Sha256}");
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
            ("export sudoku@40 --out models/mine --store azblob://ACCOUNT/CONTAINER/prefix",
                "version 40 of a run in a container"),
            ("export llada --out models/mine --merge", "adapters and their base as one model, in the base's own format"),
        ]);
    }

    /// <summary>
    /// Writes a model folder beside its place and moves it there: what fails, as on a full disk, leaves nothing behind.
    /// </summary>
    private static void SaveWhole(Action<string> save, string folder)
    {
        var draft = $"{folder.TrimEnd(Path.DirectorySeparatorChar)}.{Environment.ProcessId}.partial";
        try
        {
            save(draft);
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

    /// <summary>
    /// Writes the folder; tells how many parameters it holds, and their SHA-256: the checkpoint's, or that of the merged weights.
    /// </summary>
    internal static (long Parameters, string Sha256) Write(StoredModel model, string folder, bool merge)
    {
        var own = (model.Manifest.ParameterCount, model.Manifest.WeightsSha256);
        if (model.Adapters is not { } adapters)
        {
            if (merge)
            {
                throw new BadInputException("option --merge: the run trains all weights; leave the option out");
            }

            model.Whole.Save(folder);
            return own;
        }

        if (!merge)
        {
            adapters.Save(folder, model.Config);
            return own;
        }

        using var files = ModelFiles.Open(model.Base);
        files.CheckConfig(model.Config, "the checkpoint");
        if (files.Sha256() is var hash && hash != model.Manifest.Adapter!.BaseSha256)
        {
            throw new ModelException(
                $"the weights in {model.Base} have SHA-256 {hash}; these adapters are trained on " +
                    $"{model.Manifest.Adapter.BaseSha256}: put that model back.");
        }

        MergedModel.Write(files, adapters, folder);
        using var merged = ModelFiles.Open(folder);
        return (merged.Layout.Length, merged.Sha256());
    }
}
