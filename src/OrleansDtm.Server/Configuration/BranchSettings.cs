using OrleansDtm.Invokers;
using OrleansDtm.Server.Checks;

namespace OrleansDtm.Server.Configuration;

/// <summary>Reads the settings below Branches and Tls.</summary>
internal static class BranchSettings
{
    private const string Allow = "Branches:Allow";
    private const string Deny = "Branches:Deny";
    private const string Proxy = "Branches:Proxy";
    private const string NoProxy = "Branches:NoProxy";
    private const string DnsSrv = "Branches:DnsSrv";
    private const string Certificate = "Branches:Tls:CertificatePath";
    private const string Key = "Branches:Tls:KeyPath";
    private const string HostCertificates = "Branches:Tls:Hosts";
    private const string ServerCertificate = "Tls:CertificatePath";
    private const string ServerKey = "Tls:KeyPath";
    private const string ClientCa = "Tls:ClientCaPath";

    public static readonly string[] Names =
    [
        "Branches:DenyPrivate", Proxy, DnsSrv, Certificate, Key, "Branches:Tls:CaPath", ServerCertificate, ServerKey,
        "Tls:Password", ClientCa,
    ];

    public static readonly string[] Lists = [Allow, Deny, NoProxy, HostCertificates];

    public static BranchOptions Read(SettingsReader read)
    {
        var options = new BranchOptions
        {
            Allow = Rules(read, Allow),
            Deny = Rules(read, Deny),
            DenyPrivate = read.Truth("Branches:DenyPrivate"),
            Proxy = read.Text(Proxy, ""),
            NoProxy = Rules(read, NoProxy),
            DnsSrv = read.Text(DnsSrv, ""),
            TlsCertificatePath = read.Text(Certificate, ""),
            TlsKeyPath = read.Text(Key, ""),
            HostCertificates = ReadHosts(read),
            TlsCaPath = read.Text("Branches:Tls:CaPath", ""),
        };
        CheckPair(read, (Certificate, options.TlsCertificatePath), (Key, options.TlsKeyPath));
        CheckProxy(read, options);
        if (options.DnsSrv.Length > 0 && !IsSrvName(options.DnsSrv))
        {
            read.Problem(
                DnsSrv,
                options.DnsSrv,
                "a DNS name with {name} in it, such as _{endpoint}._tcp.{name}.default.svc.cluster.local");
        }

        return options;
    }

    public static TlsOptions ReadTls(SettingsReader read)
    {
        var options = new TlsOptions
        {
            CertificatePath = read.Text(ServerCertificate, ""),
            KeyPath = read.Text(ServerKey, ""),
            Password = read.Text("Tls:Password", ""),
            ClientCaPath = read.Text(ClientCa, ""),
        };
        CheckPair(read, (ServerCertificate, options.CertificatePath), (ServerKey, options.KeyPath));
        if (options is { ClientCaPath.Length: > 0, CertificatePath.Length: 0 })
        {
            read.Problem(
                ClientCa, options.ClientCaPath, $"possible without {ServerCertificate}: client certificates need TLS");
        }

        return options;
    }

    /// <summary>Lines of hosts, certificate and key, separated by blanks.</summary>
    private static List<HostCertificate> ReadHosts(SettingsReader read)
    {
        var found = new List<HostCertificate>();
        foreach (var line in read.List(HostCertificates))
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            if (words.Length is 2 or 3 && BranchTargets.IsHosts(words[0]) && IsWhole(words[1]) == (words.Length == 2))
            {
                found.Add(new HostCertificate(words[0], words[1], words.Length == 3 ? words[2] : ""));
            }
            else
            {
                read.Problem(HostCertificates, line, "'*.example.com /path/client.pem /path/client.key', or with a "
                    + ".pfx alone: hosts without a port, paths without blanks");
            }
        }

        return found;
    }

    private static IReadOnlyList<string> Rules(SettingsReader read, string key)
    {
        var rules = read.List(key);
        foreach (var rule in rules.Where(static rule => !BranchTargets.IsRule(rule)))
        {
            read.Problem(
                key, rule, "a host (*.example.com), an address or a network (10.0.0.0/8), with :port or without");
        }

        return rules;
    }

    /// <summary>Rules without ports.</summary>
    public static IReadOnlyList<string> Hosts(SettingsReader read, string key)
    {
        var hosts = read.List(key);
        foreach (var host in hosts.Where(static host => !BranchTargets.IsHosts(host)))
        {
            read.Problem(
                key, host, "a host name such as dtm.example.com or *.example.com, without scheme and port; * = all");
        }

        return hosts;
    }

    private static void CheckProxy(SettingsReader read, BranchOptions options)
    {
        if (options.Proxy.Length > 0
            && !(Uri.TryCreate(options.Proxy, UriKind.Absolute, out var url)
                && url.Scheme is "http" or "https"
                && url.Host.Length > 0
                && url.PathAndQuery.Length <= 1
                && url.Fragment.Length == 0))
        {
            read.Problem(
                Proxy,
                SecretNames.MaskUrl(options.Proxy),
                "the URL of an HTTP proxy, http://[user:password@]host:port");
        }

        if (options is { Proxy.Length: 0, NoProxy.Count: > 0 })
        {
            read.Problem(
                NoProxy,
                options.NoProxy[0],
                $"possible without {Proxy}: there is no proxy to bypass; the environment's proxy is ignored");
        }
    }

    private static bool IsSrvName(string template) =>
        template.Contains("{name}", StringComparison.Ordinal)
        && template.Length <= 253
        && template.Replace("{name}", "a", StringComparison.Ordinal).Replace(
            "{endpoint}", "a", StringComparison.Ordinal)
            .All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');

    private static void CheckPair(
        SettingsReader read, (string Name, string Value) certificate, (string Name, string Value) key)
    {
        var isWhole = IsWhole(certificate.Value);
        if (isWhole && key.Value.Length > 0)
        {
            read.Problem(key.Name, key.Value, $"possible with {certificate.Name}, whose .pfx file contains its key");
        }
        else if (!isWhole && certificate.Value.Length == 0 != (key.Value.Length == 0))
        {
            read.Missing(
                key.Value.Length == 0 ? key.Name : certificate.Name,
                $"TLS needs both {certificate.Name} and {key.Name}, PEM files; or a .pfx file, which contains its key");
        }
    }

    /// <summary>A file that contains its key.</summary>
    private static bool IsWhole(string path) =>
        path.EndsWith(".pfx", StringComparison.OrdinalIgnoreCase)
        || path.EndsWith(".p12", StringComparison.OrdinalIgnoreCase);
}
