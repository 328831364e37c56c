using System.Globalization;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Bgpo.Spec;

namespace Bgpo.Silo.Clustering;

/// <summary>
/// TLS between the members of a cluster: each shows its certificate, silos and clients alike, and takes every other's that the
/// cluster's authority signed. Names are not compared: members come and go at addresses that nobody knows beforehand, and the
/// authority is theirs alone.
/// </summary>
internal sealed class ClusterTls
{
    private const string Variable = "BGPO_TLS_PASSWORD";

    private const SslProtocols Protocols = SslProtocols.Tls12 | SslProtocols.Tls13;

    private readonly X509Certificate2Collection _authority;
    private readonly X509Certificate2 _own;
    private readonly string _authorityFile;

    private ClusterTls(X509Certificate2 own, X509Certificate2Collection authority, string authorityFile) =>
        (_own, _authority, _authorityFile) = (own, authority, authorityFile);

    /// <summary>What was wrong with the certificate of the last member that was turned away; null: none was.</summary>
    internal string? LastFlaw { get; private set; }

    /// <summary>Why a cluster's members cannot speak as described; null when they can.</summary>
    /// <param name="tls">The files.</param>
    internal static string? Refusal(TlsSection tls)
    {
        try
        {
            _ = Load(tls);
            return null;
        }
        catch (InvalidDataException e)
        {
            return e.Message;
        }
    }

    /// <summary>Reads and checks the files.</summary>
    /// <param name="tls">The files, full paths.</param>
    /// <exception cref="InvalidDataException">One is missing or wrong; the message names it and what is expected.</exception>
    internal static ClusterTls Load(TlsSection tls)
    {
        X509Certificate2Collection authority =
            Read("authority", tls.Authority, "a PEM file with the certificates of the cluster's own authority", () =>
        {
            var all = new X509Certificate2Collection();
            all.ImportFromPemFile(tls.Authority);
            return all.Count > 0 ? all : throw new CryptographicException("no certificate is in it");
        });
        if (tls.Key.Length > 0)
        {
            _ = Read("key", tls.Key, "the PEM file of the certificate's private key", () => File.ReadAllText(tls.Key));
        }
        X509Certificate2 own =
            Read("certificate", tls.Certificate, $"a PEM file beside its key, or a PFX file; {Variable} opens what is encrypted",
                () => Own(tls));
        var loaded = new ClusterTls(own, authority, tls.Authority);
        return (own.HasPrivateKey ? loaded.Flaw(own, null) : "has no private key") is { } flaw
            ? throw new InvalidDataException($"field cluster.tls.certificate: value '{tls.Certificate}': {flaw}")
            : loaded;
    }

    /// <summary>Speaks TLS to a member that this one connects to.</summary>
    /// <param name="stream">The connection.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="AuthenticationException">One of the two does not take the other's certificate.</exception>
    internal async Task<Stream> AsClient(Stream stream, CancellationToken cancellationToken)
    {
        var encrypted = new SslStream(stream);
        await encrypted.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "member",
                ClientCertificates = [_own],
                LocalCertificateSelectionCallback = (_, _, _, _, _) => _own,
                RemoteCertificateValidationCallback = IsMember,
                EnabledSslProtocols = Protocols,
            },
            cancellationToken);
        return encrypted;
    }

    /// <summary>Speaks TLS to a member that has connected to this one.</summary>
    /// <inheritdoc cref="AsClient"/>
    internal async Task<Stream> AsServer(Stream stream, CancellationToken cancellationToken)
    {
        var encrypted = new SslStream(stream);
        await encrypted.AuthenticateAsServerAsync(
            new SslServerAuthenticationOptions
            {
                ServerCertificate = _own,
                ClientCertificateRequired = true,
                RemoteCertificateValidationCallback = IsMember,
                EnabledSslProtocols = Protocols,
            },
            cancellationToken);
        return encrypted;
    }

    private static X509Certificate2 Own(TlsSection tls)
    {
        string? password = Environment.GetEnvironmentVariable(Variable);
        if (X509Certificate2.GetCertContentType(tls.Certificate) == X509ContentType.Pkcs12)
        {
            return X509CertificateLoader.LoadPkcs12FromFile(tls.Certificate, password);
        }
        string key = tls.Key.Length > 0 ? tls.Key : tls.Certificate;
        return File.ReadAllText(key).Contains("ENCRYPTED PRIVATE KEY", StringComparison.Ordinal)
            ? X509Certificate2.CreateFromEncryptedPemFile(tls.Certificate, password, key)
            : X509Certificate2.CreateFromPemFile(tls.Certificate, key);
    }

    private static T Read<T>(string field, string file, string expected, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            string why = File.Exists(file) ? $"cannot be read ({e.Message.ReplaceLineEndings(" ").TrimEnd('.')})"
                : "no such file";
            throw new InvalidDataException($"field cluster.tls.{field}: value '{file}': {why}; expected {expected}", e);
        }
    }

    private bool IsMember(object sender, X509Certificate? peer, X509Chain? presented, SslPolicyErrors errors)
    {
        string? flaw = peer is X509Certificate2 certificate ? Flaw(certificate, presented) : "it shows none";
        LastFlaw = flaw ?? LastFlaw;
        return flaw is null;
    }

    /// <summary>Why a certificate is none of the cluster's, as the rest of a sentence; null when it is one.</summary>
    private string? Flaw(X509Certificate2 certificate, X509Chain? presented)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        if (presented is not null)
        {
            chain.ChainPolicy.ExtraStore.AddRange(presented.ChainPolicy.ExtraStore);
        }
        if (!chain.Build(certificate))
        {
            return Why(certificate, chain);
        }
        string[] usages =
        [
            .. certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>()
                .SelectMany(usage => usage.EnhancedKeyUsages.Cast<Oid>()).Select(usage => usage.Value!),
        ];
        const string server = "1.3.6.1.5.5.7.3.1", client = "1.3.6.1.5.5.7.3.2";
        return usages.Length == 0 || (usages.Contains(server) && usages.Contains(client))
            ? null
            : "its extended key usage must have both serverAuth and clientAuth: a silo is called and calls";
    }

    private string Why(X509Certificate2 certificate, X509Chain chain)
    {
        X509ChainElement? untimely = chain.ChainElements.FirstOrDefault(element =>
            element.ChainElementStatus.Any(status => status.Status == X509ChainStatusFlags.NotTimeValid));
        if (chain.ChainStatus.Any(
            status => status.Status is X509ChainStatusFlags.UntrustedRoot or X509ChainStatusFlags.PartialChain))
        {
            return $"'{certificate.Subject}', signed by '{certificate.Issuer}', is not of the authority in {_authorityFile}";
        }
        return untimely is { Certificate: var of }
            ? string.Create(CultureInfo.InvariantCulture,
                $"'{of.Subject}' is valid from {of.NotBefore.ToUniversalTime():u} to {of.NotAfter.ToUniversalTime():u} only")
            : string.Join("; ", chain.ChainStatus.Select(status => status.StatusInformation.Trim().TrimEnd('.')));
    }
}
