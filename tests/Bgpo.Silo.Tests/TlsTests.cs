using System.Diagnostics;
using System.Net.Sockets;
using Bgpo.Silo.Clustering;
using Bgpo.Silo.Clustering.Transport;
using Bgpo.Spec;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Configuration;
using Orleans.Runtime.MembershipService;

namespace Bgpo.Silo.Tests;

/// <summary>Clusters whose members speak TLS and know one another by the authority that signed their certificates.</summary>
public sealed class TlsTests : IDisposable
{
    private const string ServerAuth = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuth = "1.3.6.1.5.5.7.3.2";

    private readonly TestAuthority _ours = new("ours");
    private readonly TestAuthority _foreign = new("foreign");

    public void Dispose()
    {
        _ours.Dispose();
        _foreign.Dispose();
    }

    [Fact]
    public async Task MembersOfOneAuthority_CallOneAnother()
    {
        await using ClusterFixture cluster = new();
        await cluster.StartSiloAsync("one", With(_ours.Sign("one", usages: [ServerAuth, ClientAuth])));
        await cluster.StartSiloAsync("two", With(_ours.SignPfx("two", null)));
        IClusterClient client = await cluster.StartClientAsync(With(_ours.Sign("client")));

        SiloAddress[] places =
            await Task.WhenAll(Enumerable.Range(0, 40).Select(i => client.GetGrain<IWhere>("g" + i).Address()));
        Assert.Equal(2, places.Distinct().Count());
    }

    [Fact]
    public async Task ClientWithoutTls_IsTurnedAway() => await TurnedAway(null);

    [Fact]
    public async Task ClientOfAnotherAuthority_IsTurnedAwayAndTold()
    {
        string? flaw = await TurnedAway(_foreign.Sign("client"));
        Assert.Equal($"'CN=one', signed by 'CN=ours', is not of the authority in {_foreign.AuthorityFile}", flaw);
    }

    [Fact]
    public async Task ClientThatMerelyTrustsTheAuthority_IsTurnedAway()
    {
        Assert.Null(await TurnedAway(_foreign.Sign("client") with { Authority = Both() }));
    }

    [Theory]
    [InlineData("none")]
    [InlineData("foreign")]
    [InlineData("foreign, trusting both")] // So that only the other silo can be the one that refuses.
    public async Task SiloWithoutACertificateOfTheAuthority_CannotJoin(string certificate)
    {
        await using ClusterFixture cluster = new();
        // It would declare the other one dead, which cannot answer it either.
        await cluster.StartSiloAsync(
            "one", With(_ours.Sign("one")), silo =>
                silo.Configure<ClusterMembershipOptions>(options => options.NumMissedProbesLimit = 1000));
        TlsSection tls = certificate == "none" ? new() : _foreign.Sign("two");
        string authority = certificate.EndsWith("both", StringComparison.Ordinal) ? Both() : tls.Authority;
        // In a process of its own: Orleans cannot stop a silo that has failed to start.
        Process two = cluster.Launch("two", start =>
        {
            start.RedirectStandardError = true;
            start.Environment[ClusterFixture.Stranger] = $"{tls.Certificate};{tls.Key};{authority}";
        });
        Task<string> said = two.StandardError.ReadToEndAsync();
        await two.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Contains(nameof(OrleansClusterConnectivityCheckFailedException), await said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhoOnlyLooksWhetherASiloListens_IsNotTurnedAway_AndWhoSaysOtherThanTls_Is()
    {
        await using ClusterFixture cluster = new();
        using var refusals = new Refusals();
        IHost silo = await cluster.StartSiloAsync(
            "one", With(_ours.Sign("one")), builder => builder.Services.AddSingleton<ILoggerProvider>(refusals));
        string folder = ClusterFolder.PathOf(cluster.Name);
        var address = new UnixDomainSocketEndPoint(SocketTransport.FileOf(folder, ClusterFixture.AddressOf(silo).Endpoint.Port));
        using (var look = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            await look.ConnectAsync(address);
            look.Shutdown(SocketShutdown.Send);
            Assert.Equal(0, await look.ReceiveAsync(new byte[1]).WaitAsync(TimeSpan.FromSeconds(20)));
        }
        Assert.False(refusals.First.IsCompleted);
        using var plain = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await plain.ConnectAsync(address);
        await plain.SendAsync("no TLS at all"u8.ToArray());
        plain.Shutdown(SocketShutdown.Send);
        await refusals.First.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public void CertificateOfAnotherAuthority_IsRefusedAtStart() => Refused(
        "certificate", _foreign.Sign("one") with { Authority = _ours.AuthorityFile },
        $"'CN=one', signed by 'CN=foreign', is not of the authority in {_ours.AuthorityFile}");

    [Fact]
    public void CertificateThatIsOver_IsRefusedAtStart() => Refused(
        "certificate", _ours.Sign("old", TestAuthority.Now.AddHours(-1)),
        $"'CN=old' is valid from {TestAuthority.Now.AddDays(-1):u} to {TestAuthority.Now.AddHours(-1):u} only");

    [Theory]
    [InlineData(ServerAuth)]
    [InlineData(ClientAuth)]
    public void CertificateOfOneSideOnly_IsRefusedAtStart(string usage) => Refused(
        "certificate", _ours.Sign("half", usages: usage),
        "its extended key usage must have both serverAuth and clientAuth: a silo is called and calls");

    [Fact]
    public void CertificateWithoutItsKey_IsRefusedAtStart()
    {
        TlsSection tls = _ours.Sign("one");
        Refused("certificate", tls with { Key = _ours.Sign("two").Key },
            "cannot be read (The provided key does not match the public key for this certificate");
        Refused("certificate", tls with { Key = "" }, "cannot be read (");
    }

    [Fact]
    public void FileThatIsNotThere_IsNamed()
    {
        TlsSection tls = _ours.Sign("one");
        string none = _ours.At("none");
        Refused("certificate", tls with { Certificate = none },
            "no such file; expected a PEM file beside its key, or a PFX file; BGPO_TLS_PASSWORD opens what is encrypted");
        Refused("key", tls with { Key = none }, "no such file; expected the PEM file of the certificate's private key");
        Refused("authority", tls with { Authority = none },
            "no such file; expected a PEM file with the certificates of the cluster's own authority");
        Refused("authority", tls with { Authority = tls.Key },
            "cannot be read (no certificate is in it); expected a PEM file with ");
    }

    [Fact]
    public void PfxThatIsLocked_IsRefusedAtStart() => Refused("certificate", _ours.SignPfx("one", "secret"), "cannot be read (");

    /// <summary>A file with both authorities.</summary>
    private string Both()
    {
        File.WriteAllLines(_foreign.At("both.pem"),
            [File.ReadAllText(_ours.AuthorityFile), File.ReadAllText(_foreign.AuthorityFile)]);
        return _foreign.At("both.pem");
    }

    /// <summary>
    /// Starts a silo of ours and a client, and waits until the silo has refused the client's connection or the client the silo's.
    /// </summary>
    /// <returns>What was wrong with the silo's certificate, as the client sees it.</returns>
    private async Task<string?> TurnedAway(TlsSection? clients)
    {
        await using ClusterFixture cluster = new();
        using var refusals = new Refusals();
        await cluster.StartSiloAsync(
            "one", With(_ours.Sign("one")), silo => silo.Services.AddSingleton<ILoggerProvider>(refusals));
        using CancellationTokenSource enough = new();
        ClusterTls? tls = null;
        Task<IClusterClient> client = cluster.StartClientAsync(
            clients is null ? new() : With(clients),
            builder => tls = (ClusterTls?)builder.Services.FirstOrDefault(
                service => service.ServiceType == typeof(ClusterTls))?.ImplementationInstance, enough.Token);
        await refusals.First.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.False(client.IsCompletedSuccessfully);
        await enough.CancelAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => client);
        return tls?.LastFlaw;
    }

    private static ClusterSection With(TlsSection tls) => new() { Tls = tls };

    private static void Refused(string field, TlsSection tls, string expected)
    {
        string refusal = ClusterTls.Refusal(tls) ?? "none";
        string file = field == "key" ? tls.Key : field == "authority" ? tls.Authority : tls.Certificate;
        Assert.StartsWith($"field cluster.tls.{field}: value '{file}': {expected}", refusal, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal);
    }

    /// <summary>Learns from a silo's log that a connection to it did not come about.</summary>
    private sealed class Refusals : ILoggerProvider, ILogger
    {
        private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal Task First => _first.Task;

        public ILogger CreateLogger(string categoryName) =>
            categoryName.EndsWith(nameof(SocketTransport), StringComparison.Ordinal) ? this : NullLogger.Instance;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            _first.TrySetResult();

        public void Dispose()
        {
        }
    }
}
