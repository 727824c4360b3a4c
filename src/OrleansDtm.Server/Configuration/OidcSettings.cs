using OrleansDtm.Server.Security.Access;

namespace OrleansDtm.Server.Configuration;

/// <summary>Reads the settings below Security:Oidc.</summary>
internal static class OidcSettings
{
    public const string SecretFile = "Security:Oidc:ClientSecretFile";

    private const string Authority = "Security:Oidc:Authority";
    private const string ClientId = "Security:Oidc:ClientId";
    private const string Secret = "Security:Oidc:ClientSecret";
    private const string Scopes = "Security:Oidc:Scopes";
    private const string Roles = "Security:Oidc:Roles";
    private const string RequireHttps = "Security:Oidc:RequireHttps";

    public static readonly string[] Names =
    [
        Authority, ClientId, Secret, SecretFile, Scopes, "Security:Oidc:RoleClaim", "Security:Oidc:NameClaim",
        "Security:Oidc:NamespaceClaim",
        "Security:Oidc:Name", RequireHttps,
    ];

    public static readonly string[] Lists = [Roles];

    public static OidcOptions Read(SettingsReader read, OidcOptions defaults)
    {
        var options = new OidcOptions
        {
            Authority = read.Text(Authority, ""),
            ClientId = read.Text(ClientId, ""),
            ClientSecret = read.Text(Secret, ""),
            ClientSecretFile = read.Text(SecretFile, ""),
            Scopes = read.Text(Scopes, defaults.Scopes),
            RoleClaim = read.Text("Security:Oidc:RoleClaim", defaults.RoleClaim),
            NamespaceClaim = read.Text("Security:Oidc:NamespaceClaim", ""),
            NameClaim = read.Text("Security:Oidc:NameClaim", defaults.NameClaim),
            Name = read.Text("Security:Oidc:Name", ""),
            RequireHttps = read.Choice(RequireHttps, "true", "true", "false") == "true",
            Roles = ReadRoles(read),
        };
        Check(read, options);
        return options;
    }

    /// <summary>The page is where users sign in.</summary>
    public static void CheckPage(SettingsReader read, CoordinatorOptions options)
    {
        if (options is { Security.Oidc.IsOn: true, Admin.Enabled: false })
        {
            read.Problem(Authority, options.Security.Oidc.Authority, "possible with Admin:Enabled=false");
        }
    }

    private static void Check(SettingsReader read, OidcOptions options)
    {
        if (!options.IsOn)
        {
            if (options.ClientId.Length > 0)
            {
                read.Problem(ClientId, options.ClientId, $"possible without {Authority}, the URL of the issuer");
            }

            return;
        }

        if (!Uri.TryCreate(options.Authority, UriKind.Absolute, out var issuer)
            || !(issuer.Scheme == Uri.UriSchemeHttps
                || (issuer.Scheme == Uri.UriSchemeHttp && !options.RequireHttps)))
        {
            read.Problem(
                Authority, options.Authority, $"an https URL; over http an attacker could sign in as anyone. For "
                + $"tests only: {RequireHttps}=false");
        }

        if (options.ClientId.Length == 0)
        {
            read.Missing(ClientId, $"{Authority} needs it");
        }

        if (options is { ClientSecret.Length: > 0, ClientSecretFile.Length: > 0 })
        {
            read.Problem(SecretFile, options.ClientSecretFile, $"possible together with {Secret}");
        }

        if (!options.Scopes.Split(' ').Contains("openid"))
        {
            read.Problem(Scopes, options.Scopes, "a list of scopes with openid, separated by spaces");
        }
    }

    private static List<KeyValuePair<string, Role>> ReadRoles(SettingsReader read)
    {
        var roles = new List<KeyValuePair<string, Role>>();
        foreach (var line in read.List(Roles))
        {
            // A group's name may contain spaces.
            var at = line.LastIndexOf(' ');
            if (at > 0 && RoleNames.Parse(line[(at + 1)..]) is { } role)
            {
                roles.Add(KeyValuePair.Create(line[..at].Trim(), role));
            }
            else
            {
                read.Problem(Roles, line, "a value of the claim and its role, such as 'dtm-operators admin'");
            }
        }

        return roles;
    }
}
