using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.ServiceDiscovery;
using OrleansDtm.Invokers;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Security.Tls;

namespace OrleansDtm.Server.Security;

/// <summary>Converts the settings below Branches to the options of branch calls.</summary>
internal static class BranchCalls
{
    public static BranchTargets Targets(BranchOptions options) =>
        options is { Allow.Count: 0, Deny.Count: 0, DenyPrivate: false }
            ? BranchTargets.Default
            : new BranchTargets(options.Allow, options.Deny, options.DenyPrivate);

    /// <exception cref="SettingsException">A file is invalid.</exception>
    public static InvokerOptions Create(
        BranchOptions options, BranchTargets targets, TimeProvider clock, ILogger log,
        ServiceEndpointResolver? services = null)
    {
        var own = options.TlsCertificatePath.Length == 0
            ? null
            : Certificate("Branches:Tls:CertificatePath", options.TlsCertificatePath, options.TlsKeyPath);
        var hosts = new HostRules<ReloadedFiles<X509Certificate2>>(options.HostCertificates.Select(
            entry => (entry.Hosts, Certificate(
                $"Branches:Tls:Hosts '{entry.Hosts}'", entry.CertificatePath, entry.KeyPath))));
        var roots = options.TlsCaPath.Length == 0
            ? null
            : new ReloadedFiles<X509Certificate2Collection>(
                "Branches:Tls:CaPath", [options.TlsCaPath], CertificateFiles.LoadAuthorities, clock, log, "ODTM1004");
        return new InvokerOptions
        {
            Targets = targets,
            ClientCertificate = own is null && options.HostCertificates.Count == 0
                ? null
                : host => (hosts.Find(host) ?? own)?.Value,
            TrustedRoots = roots is null ? null : () => roots.Value,
            Proxy = options.Proxy.Length == 0 ? null : new BranchProxy(new Uri(options.Proxy), options.NoProxy),
            Services = services,
        };

        ReloadedFiles<X509Certificate2> Certificate(string setting, string certificate, string key) => new(
            setting,
            CertificateFiles.Paths(certificate, key),
            static files => CertificateFiles.Load(files, "").Certificate,
            clock,
            log,
            "ODTM1004");
    }
}
