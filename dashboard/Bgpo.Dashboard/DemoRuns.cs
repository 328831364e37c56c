using System.IO.Compression;
using Bgpo.Grains;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Runs;

namespace Bgpo.Dashboard;

/// <summary>
/// A recorded run, to look at without a cluster: three silos, one of which is killed and one drained. Its blobs of weights are
/// left out.
/// </summary>
public sealed class DemoRuns : IRunConsole, IDisposable
{
    private const string Resource = "demo/demo.zip";

    private readonly IRunConsole _console;
    private readonly DirectoryInfo _folder;

    /// <summary>Unpacks it into a folder of its own, which goes with this.</summary>
    /// <param name="console">What is known of tokens and command lines.</param>
    public DemoRuns(IRunConsole console)
    {
        _console = console;
        _folder = Directory.CreateTempSubdirectory("bgpo-demo-");
        using Stream archive = typeof(DemoRuns).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"the resource {Resource} is missing");
        ZipFile.ExtractToDirectory(archive, _folder.FullName);
        Blobs = BlobStores.Open(_folder.FullName);
    }

    /// <summary>The store that has it.</summary>
    public IBlobStore Blobs { get; }

    /// <inheritdoc/>
    public bool TakesRequests => false;

    /// <inheritdoc/>
    public RunStanding StandingOf(RunRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        return new RunStanding(record.State, "");
    }

    /// <inheritdoc/>
    public Task<RunRequest> AskAsync(
        string run, RequestKind kind, string reason, IReadOnlyList<string> fields, CancellationToken cancellationToken) =>
        throw new RequestRefusedException("a recorded run takes no requests");

    /// <inheritdoc/>
    public TokenTable? TokensOf(CheckpointManifest manifest) => _console.TokensOf(manifest);

    /// <inheritdoc/>
    public Task<IReadOnlyList<SiloDescription>> SilosOfAsync(RunRecord record, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<SiloDescription>>([]);

    /// <inheritdoc/>
    public string CommandLine(params string[] arguments) => _console.CommandLine(arguments);

    /// <inheritdoc/>
    public void Dispose() => _folder.Delete(recursive: true);
}
