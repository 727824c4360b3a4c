using System.Net;
using OrleansDtm.Server.Security.Keys;

namespace OrleansDtm.Server.Configuration;

/// <summary>Reads the settings below Security.</summary>
internal static class SecuritySettings
{
    private const string AllowAnonymous = "Security:AllowAnonymous";
    private const string Keys = "Security:Keys";
    private const string SessionCertificate = "Security:SessionKeys:CertificatePath";
    private const string SessionKey = "Security:SessionKeys:KeyPath";
    private const string Authority = "Security:Jwt:Authority";
    private const string JwksUri = "Security:Jwt:JwksUri";
    private const string SigningKeysFile = "Security:Jwt:SigningKeysFile";
    private const string Issuer = "Security:Jwt:Issuer";
    private const string Audience = "Security:Jwt:Audience";

    public static readonly string[] Names =
    [
        AllowAnonymous, "Security:AnonymousMetrics", "Security:DenyStateChangingGet", "Security:KeysFile",
        "Security:KeysFileGrace", "Security:SessionLifetime", "Security:RequestsPerSecond", "Security:RequestBytesMax",
        "Security:InFlightMax", "Security:UnfinishedMax",
        SessionCertificate, SessionKey, "Security:SessionKeys:Password",
        Authority, JwksUri, SigningKeysFile, Issuer, Audience, "Security:Jwt:RoleClaim",
        "Security:Jwt:NamespaceClaim",
        .. OidcSettings.Names,
    ];

    public static readonly string[] Lists = [Keys, .. OidcSettings.Lists];

    public static SecurityOptions Read(SettingsReader read, SecurityOptions defaults)
    {
        var options = new SecurityOptions
        {
            AllowAnonymous = read.Truth(AllowAnonymous),
            AnonymousMetrics = read.Truth("Security:AnonymousMetrics"),
            DenyStateChangingGet = read.Truth("Security:DenyStateChangingGet"),
            Keys = ReadKeys(read),
            KeysFile = read.Text("Security:KeysFile", ""),
            KeysFileGrace = read.Seconds("Security:KeysFileGrace", defaults.KeysFileGrace, 0, 86400),
            SessionLifetime = read.Seconds("Security:SessionLifetime", defaults.SessionLifetime, 60, 30 * 86400),
            RequestsPerSecond = read.Whole("Security:RequestsPerSecond", 0, 0, 1_000_000),
            RequestBytesMax = read.Whole("Security:RequestBytesMax", 0, 0, 256 * 1024 * 1024),
            InFlightMax = read.Whole("Security:InFlightMax", 0, 0, 1_000_000),
            UnfinishedMax = read.Whole("Security:UnfinishedMax", 0, 0, 10_000_000),
            SessionKeys = ReadSessionKeys(read),
            Jwt = new JwtOptions
            {
                Authority = read.Text(Authority, ""),
                JwksUri = read.Text(JwksUri, ""),
                SigningKeysFile = read.Text(SigningKeysFile, ""),
                Issuer = read.Text(Issuer, ""),
                Audience = read.Text(Audience, ""),
                RoleClaim = read.Text("Security:Jwt:RoleClaim", defaults.Jwt.RoleClaim),
                NamespaceClaim = read.Text("Security:Jwt:NamespaceClaim", ""),
            },
            Oidc = OidcSettings.Read(read, defaults.Oidc),
        };
        CheckJwt(read, options.Jwt);
        if (options is { IsOn: true, AllowAnonymous: true })
        {
            read.Problem(
                AllowAnonymous,
                "true",
                "possible together with keys or tokens, which would have no effect: remove one of the two");
        }

        return options;
    }

    /// <summary>
    /// Refuses to listen beyond this machine without authentication, unless Security:AllowAnonymous is set.
    /// </summary>
    /// <exception cref="SettingsException">The settings do not allow it.</exception>
    public static void CheckBind(CoordinatorOptions options)
    {
        // Other silos and Orleans clients use the advertised address, whatever the APIs are bound to.
        var isAdvertised = options.Cluster.Mode != ClusterOptions.Local
            && options.Cluster.AdvertisedAddress is { Length: > 0 } address
            && !IsLoopback(address);
        if (options.Security is { IsOn: false, AllowAnonymous: false } && (isAdvertised || !IsLoopback(options.Bind)))
        {
            var setting = IsLoopback(options.Bind)
                ? $"Cluster:AdvertisedAddress: '{options.Cluster.AdvertisedAddress}'"
                : $"Bind: '{options.Bind}'";
            throw new SettingsException([
                $"{setting} is not safe without authentication: every client that reaches the ports could read "
                    + "payloads, submit and stop transactions. Set Bind=localhost to listen on this machine only; or "
                    + "Security:Keys:0 to require API keys ('OrleansDtm.Server key' creates one; or "
                    + "Security:KeysFile, Security:Jwt); or Security:AllowAnonymous=true to trust all clients in the "
                    + "network. [ODTM1008]"]);
        }
    }

    /// <summary>Whether only this machine can reach it.</summary>
    public static bool IsLoopback(string bind) =>
        bind == "localhost" || (IPAddress.TryParse(bind, out var address) && IPAddress.IsLoopback(address));

    private static SessionKeyOptions ReadSessionKeys(SettingsReader read)
    {
        var keys = new SessionKeyOptions
        {
            CertificatePath = read.Text(SessionCertificate, ""),
            KeyPath = read.Text(SessionKey, ""),
            Password = read.Text("Security:SessionKeys:Password", ""),
        };
        if (keys.CertificatePath.Length == 0 && keys.KeyPath.Length > 0)
        {
            read.Problem(SessionKey, keys.KeyPath, $"possible without {SessionCertificate}");
        }
        else if (keys is { CertificatePath.Length: > 0, KeyPath.Length: 0 }
            && !keys.CertificatePath.EndsWith(".pfx", StringComparison.OrdinalIgnoreCase))
        {
            read.Missing(SessionKey, $"{SessionCertificate} is not a .pfx file, which would contain the key");
        }

        return keys;
    }

    private static List<ApiKey> ReadKeys(SettingsReader read)
    {
        var keys = new List<ApiKey>();
        foreach (var line in read.List(Keys))
        {
            if (ApiKey.Parse(line, out var problem) is { } key)
            {
                keys.Add(key);
            }
            else
            {
                read.Problem($"{Keys}: an entry {problem}.");
            }
        }

        return keys;
    }

    private static void CheckJwt(SettingsReader read, JwtOptions jwt)
    {
        if (!jwt.IsOn)
        {
            if (jwt.Issuer.Length > 0 || jwt.Audience.Length > 0)
            {
                read.Problem(
                    Audience,
                    jwt.Audience,
                    $"possible without {Authority}, {JwksUri} or {SigningKeysFile}, which name the issuer");
            }

            return;
        }

        if (jwt.Audience.Length == 0)
        {
            read.Missing(Audience, "without it tokens for other services would be accepted");
        }

        (string Name, string Value)[] sources =
        [
            (Authority, jwt.Authority),
            (JwksUri, jwt.JwksUri),
            (SigningKeysFile, jwt.SigningKeysFile),
        ];
        var given = sources.Where(static source => source.Value.Length > 0).ToList();
        foreach (var (name, value) in given.Skip(1))
        {
            read.Problem(name, value, $"possible together with {given[0].Name}: set only one source of keys");
        }

        foreach (var (name, value) in given.Where(
            static source => source.Name != SigningKeysFile && !IsSafeUrl(source.Value)))
        {
            read.Problem(
                name, value, "an https URL (http only on this machine); over http an attacker could replace the keys");
        }

        if (jwt is { Authority.Length: 0, Issuer.Length: 0 })
        {
            read.Missing(Issuer, $"{given[0].Name} needs it, the iss of the tokens");
        }
    }

    private static bool IsSafeUrl(string url) => Uri.TryCreate(url, UriKind.Absolute, out var uri)
        && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback));
}
