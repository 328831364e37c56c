using System.Globalization;
using Bgpo.Silo.Machines;

namespace Bgpo.Silo.Clustering;

/// <summary>
/// The file that a silo holds locked in its cluster's folder while it lives, so that others of this machine see at a glance that
/// it does. One that was killed cannot remove its own: the others do when it is declared dead.
/// </summary>
/// <param name="directory">The cluster's folder.</param>
/// <param name="oracle">Who lives and who does not.</param>
/// <param name="local">This silo.</param>
internal sealed class LivenessLock(
    string directory, ISiloStatusOracle oracle, ILocalSiloDetails local) : ILifecycleParticipant<ISiloLifecycle>,
    ISiloStatusListener, IDisposable
{
    private FileStream? _held;

    /// <summary>What the file says while its silo is a member: a health check of its container or service reads that.</summary>
    private static ReadOnlySpan<byte> Joined => "joined\n"u8;

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle lifecycle)
    {
        ArgumentNullException.ThrowIfNull(lifecycle);
        lifecycle.Subscribe(nameof(LivenessLock), ServiceLifecycleStage.RuntimeInitialize, Hold, Release);
        lifecycle.Subscribe(nameof(LivenessLock), ServiceLifecycleStage.Active, _ => Say(Joined), _ => Say([]));
    }

    /// <inheritdoc/>
    public void SiloStatusChangeNotification(SiloAddress updatedSilo, SiloStatus status)
    {
        if (status == SiloStatus.Dead && !updatedSilo.Equals(oracle.SiloAddress))
        {
            Remove(updatedSilo.Endpoint.Port);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= Exit;
        _held?.Dispose();
    }

    /// <summary>Whether the process of a silo of this machine lives.</summary>
    /// <param name="directory">The cluster's folder.</param>
    /// <param name="port">The silo's port.</param>
    internal static bool IsHeld(string directory, int port) => FilesOf(directory, port).Any(ClusterFolder.IsHeld);

    /// <summary>Whether the process of a silo of this machine is there and stopped (SIGSTOP).</summary>
    /// <param name="directory">The cluster's folder.</param>
    /// <param name="port">The silo's port.</param>
    internal static bool IsHeldByStopped(string directory, int port) => FilesOf(directory, port).Any(file =>
        int.TryParse(Path.GetFileNameWithoutExtension(file).Split('-')[^1], CultureInfo.InvariantCulture, out int id)
        && ProcessTable.Find(id) is { IsStopped: true } && ClusterFolder.IsHeld(file));

    private static IEnumerable<string> FilesOf(string directory, int port) =>
        Directory.Exists(directory) ? Directory.EnumerateFiles(directory, $"silo-{port}-*.lock") : [];

    private Task Hold(CancellationToken cancellationToken)
    {
        ClusterFolder.Make(directory);
        string file = string.Create(
            CultureInfo.InvariantCulture,
            $"silo-{oracle.SiloAddress.Endpoint.Port}-{local.GatewayAddress?.Endpoint.Port ?? 0}-{Environment.ProcessId}.lock");
        _held = new FileStream(
            Path.Combine(directory, file), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1,
            FileOptions.DeleteOnClose);
        // A silo that is declared dead ends without stopping in order.
        AppDomain.CurrentDomain.ProcessExit += Exit;
        _ = oracle.SubscribeToSiloStatusEvents(this);
        return Task.CompletedTask;
    }

    private Task Say(ReadOnlySpan<byte> text)
    {
        try
        {
            _held!.SetLength(0);
            _held.Write(text);
            _held.Flush();
        }
        catch (IOException)
        {
            // A full disk: the health check fails, the silo does not.
        }
        return Task.CompletedTask;
    }

    private Task Release(CancellationToken cancellationToken)
    {
        Dispose();
        return Task.CompletedTask;
    }

    private void Exit(object? sender, EventArgs e) => _held?.Dispose();

    private void Remove(int port)
    {
        foreach (string file in FilesOf(directory, port).ToArray())
        {
            try
            {
                using var unlocked = new FileStream(
                    file, FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
                foreach (string socket in Path.GetFileNameWithoutExtension(file).Split('-')[1..3])
                {
                    File.Delete(Path.Combine(directory, socket + ".sock"));
                }
            }
            catch (IOException)
            {
                // Its process stands still; when it wakes, it ends and takes the file along.
            }
        }
    }
}
