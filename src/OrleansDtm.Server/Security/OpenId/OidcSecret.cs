using OrleansDtm.Server.Configuration;

namespace OrleansDtm.Server.Security.OpenId;

/// <summary>The client's secret, of the settings or of a file.</summary>
internal sealed class OidcSecret
{
    private readonly ReloadedFiles<string>? _file;
    private readonly string? _value;

    /// <exception cref="SettingsException">The file cannot be read.</exception>
    public OidcSecret(CoordinatorOptions options, TimeProvider clock, ILogger<OidcSecret> log)
    {
        var oidc = options.Security.Oidc;
        _value = oidc.ClientSecret.Length > 0 ? oidc.ClientSecret : null;
        if (oidc.ClientSecretFile.Length > 0)
        {
            _file = new ReloadedFiles<string>(
                OidcSettings.SecretFile,
                [oidc.ClientSecretFile],
                static paths => File.ReadAllText(paths[0]).Trim() is { Length: > 0 } text
                    ? text
                    : throw new InvalidDataException("it is empty."),
                clock,
                log);
        }
    }

    /// <summary>Null = a public client.</summary>
    public string? Value => _file?.Value ?? _value;
}
