using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Storage.Tests;

/// <summary>This test executable run again as another process: a second writer, or one that dies at a fault point.</summary>
internal static class Child
{
    /// <summary>Exit status of a process that died of SIGKILL.</summary>
    public const int Killed = 128 + 9;

    /// <summary>What the child does; runs in the child.</summary>
    public static async Task<int> MainAsync(string[] job)
    {
        try
        {
            switch (job)
            {
                case ["step", var store, var run, var version]:
                    await TakeStepAsync(new RunStore(BlobStores.Open(store), run), int.Parse(version));
                    return 0;
                case ["race", var store, var count, var writer]:
                    return await RaceAsync(BlobStores.Open(store), int.Parse(count), writer);
                case ["increment", var store, var count]:
                    await IncrementAsync(BlobStores.Open(store), int.Parse(count));
                    return 0;
                case ["prune", var store, var run]:
                    await new RunStore(BlobStores.Open(store), run).PruneAsync(1, null);
                    return 0;
                case ["delete", var store, var run]:
                    var doomed = new RunStore(BlobStores.Open(store), run);
                    return await doomed.DeleteAsync((await doomed.ReadAsync())!) ? 0 : 1;
                case ["hit", var name]:
                    FaultPoint.Hit(name);
                    FaultPoint.Hit(name);
                    return 0;
                default:
                    return 2;
            }
        }
        catch (Exception exception) when (exception is FaultException or ArgumentException)
        {
            await Console.Error.WriteLineAsync(exception.Message);
            return 3;
        }
    }

    /// <summary>Starts a child and waits for its end.</summary>
    public static async Task<(int ExitCode, string Output, string Error)> RunAsync(string? fault, params string[] job)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardErrorEncoding = Encoding.UTF8,
        };
        // Under `dotnet x.dll` the process is dotnet itself and wants the assembly first.
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
        {
            start.ArgumentList.Add(typeof(Child).Assembly.Location);
        }

        start.ArgumentList.Add("--child");
        foreach (string argument in job)
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment.Remove(FaultPoint.Variable);
        if (fault is not null)
        {
            start.Environment[FaultPoint.Variable] = fault;
        }

        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await error);
    }

    /// <summary>All that a step writes, in the order of a real one, after creating or finding the run.</summary>
    public static async Task TakeStepAsync(RunStore run, int version)
    {
        StoredRun stored = await run.ReadAsync() ?? await run.CreateAsync(Samples.Record(run.RunId));
        await run.WriteJournalAsync(Samples.Journal(version - 1));
        await run.WriteMetricsAsync(version - 1, new JsonObject { ["reward"] = 0.5 });
        await Samples.SaveAsync(
            run, version, stored.Record.LatestCheckpoint is { } before ? await run.ReadManifestAsync(before) : null);
        if (await run.UpdateAsync(stored.Record with { LatestCheckpoint = version }, stored.ETag) is null)
        {
            throw new InvalidOperationException("the record changed");
        }
    }

    /// <summary>Tries to create each of a row of blobs; returns how many it won.</summary>
    public static async Task<int> RaceAsync(IBlobStore store, int count, string writer)
    {
        int won = 0;
        for (int i = 0; i < count; i++)
        {
            if (await store.PutIfAbsentAsync($"race/{i}", Encoding.UTF8.GetBytes(writer)) is not null)
            {
                won++;
            }
        }
        return won;
    }

    /// <summary>Adds one to a stored number, as often as told, by read and put-if-unchanged; keeps the length.</summary>
    public static async Task IncrementAsync(IBlobStore store, int count)
    {
        for (int done = 0; done < count;)
        {
            Blob blob = (await store.GetAsync("counter"))!;
            int value = int.Parse(Encoding.UTF8.GetString(blob.Content.Span));
            byte[] next = Encoding.UTF8.GetBytes($"{value + 1}".PadRight(blob.Content.Length));
            if (await store.PutIfUnchangedAsync("counter", next, blob.ETag) is not null)
            {
                done++;
            }
        }
    }
}
