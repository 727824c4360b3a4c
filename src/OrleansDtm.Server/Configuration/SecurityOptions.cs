using OrleansDtm.Server.Security.Keys;

namespace OrleansDtm.Server.Configuration;

/// <summary>Who may do what. Off unless there are keys or tokens; then everything but probes, ping, version and sign-in asks for a role.</summary>
public sealed record SecurityOptions
{
    /// <summary>Whoever reaches the ports may do everything, though <c>Bind</c> lets more than this machine reach them. Default false.</summary>
    public bool AllowAnonymous { get; init; }

    /// <summary>/api/metrics asks for no role. Default false.</summary>
    public bool AnonymousMetrics { get; init; }

    /// <summary>Keys of the settings, each <c>name role sha256:hash</c> and what limits it.</summary>
    internal IReadOnlyList<ApiKey> Keys { get; init; } = [];

    /// <summary>A file with more keys, one a line; read again when it changes. Empty (default) = none.</summary>
    public string KeysFile { get; init; } = "";

    /// <summary>How long a sign-in to the admin page with an API key lasts. Default 12 h; a token lasts as long as it says.</summary>
    public TimeSpan SessionLifetime { get; init; } = TimeSpan.FromHours(12);

    /// <summary>Requests a second of each caller, of which as many may come at once. 0 (default) = any number; a key may have a rate of its own.</summary>
    public int RequestsPerSecond { get; init; }

    /// <summary>Bytes of a request's body of each caller, less than Limits:RequestBytesMax. 0 (default) = as that says; a key may have its own.</summary>
    public int RequestBytesMax { get; init; }

    public JwtOptions Jwt { get; init; } = new();

    /// <summary>Callers must prove who they are.</summary>
    public bool IsOn => Keys.Count > 0 || KeysFile.Length > 0 || Jwt.IsOn;

    /// <summary>Without what is nobody's business.</summary>
    public override string ToString() => $"{nameof(SecurityOptions)} {(IsOn ? "on" : "off")}";
}

/// <summary>Tokens (JWT) that somebody else issues.</summary>
public sealed record JwtOptions
{
    /// <summary>Address of an OpenID Connect issuer, whose keys are fetched from there. Empty (default) = none.</summary>
    public string Authority { get; init; } = "";

    /// <summary>Instead of an authority: where the issuer's public keys are (JWKS), for one without discovery. Empty (default) = none.</summary>
    public string JwksUri { get; init; } = "";

    /// <summary>Instead of an authority: a file with the issuer's public keys, PEM or JWKS; read again when it changes.</summary>
    public string SigningKeysFile { get; init; } = "";

    /// <summary>Who must have issued the token (<c>iss</c>). Empty = the authority's own name for itself.</summary>
    public string Issuer { get; init; } = "";

    /// <summary>For whom it must have been issued (<c>aud</c>).</summary>
    public string Audience { get; init; } = "";

    /// <summary>The claim with read, submit or admin: a text, a list, or words in one text. Default <c>roles</c>.</summary>
    public string RoleClaim { get; init; } = "roles";

    /// <summary>The keys come from the issuer itself.</summary>
    internal bool IsFetched => Authority.Length > 0 || JwksUri.Length > 0;

    public bool IsOn => IsFetched || SigningKeysFile.Length > 0;
}
