using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Bgpo.Spec;

namespace Bgpo.Silo.Tests;

/// <summary>An authority that signs certificates, and a folder with all of its files.</summary>
internal sealed class TestAuthority : IDisposable
{
    internal static readonly DateTimeOffset Now = DateTimeOffset.UtcNow;

    private readonly X509Certificate2 _certificate;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tls-");

    internal TestAuthority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(
            new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        _certificate = request.CreateSelfSigned(Now.AddDays(-2), Now.AddDays(2));
        File.WriteAllText(AuthorityFile, _certificate.ExportCertificatePem());
    }

    /// <summary>The authority's own certificate.</summary>
    internal string AuthorityFile => At("ca.pem");

    /// <summary>A file of its folder.</summary>
    internal string At(string file) => Path.Combine(_folder.FullName, file);

    /// <summary>Signs a certificate, and writes it and its key into two files.</summary>
    internal TlsSection Sign(string name, DateTimeOffset? until = null, params string[] usages)
    {
        using X509Certificate2 signed = Signed(name, until ?? Now.AddDays(1), usages);
        using ECDsa key = signed.GetECDsaPrivateKey()!;
        File.WriteAllText(At(name + ".pem"), signed.ExportCertificatePem());
        File.WriteAllText(At(name + ".key"), key.ExportPkcs8PrivateKeyPem());
        return new TlsSection { Certificate = At(name + ".pem"), Key = At(name + ".key"), Authority = AuthorityFile };
    }

    /// <summary>Signs a certificate, and writes it and its key into a PFX file.</summary>
    internal TlsSection SignPfx(string name, string? password)
    {
        using X509Certificate2 signed = Signed(name, Now.AddDays(1), []);
        File.WriteAllBytes(At(name + ".pfx"), signed.Export(X509ContentType.Pkcs12, password));
        return new TlsSection { Certificate = At(name + ".pfx"), Authority = AuthorityFile };
    }

    public void Dispose()
    {
        _certificate.Dispose();
        _folder.Delete(recursive: true);
    }

    private X509Certificate2 Signed(string name, DateTimeOffset until, string[] usages)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256);
        if (usages.Length > 0)
        {
            var all = new OidCollection();
            Array.ForEach(usages, usage => all.Add(new Oid(usage)));
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(all, critical: false));
        }
        using X509Certificate2 signed = request.Create(_certificate, Now.AddDays(-1), until, RandomNumberGenerator.GetBytes(8));
        return signed.CopyWithPrivateKey(key);
    }
}
