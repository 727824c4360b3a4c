using OrleansDtm.Server.Security.Keys;

namespace OrleansDtm.Server.Configuration;

/// <summary>
/// Authentication. Off without keys, tokens or an issuer of sign-ins; otherwise everything but probes, ping, version
/// and sign-in requires a role.
/// </summary>
public sealed record SecurityOptions
{
    /// <summary>
    /// Allows a <c>Bind</c> beyond this machine without authentication: every client may do everything. Default false.
    /// </summary>
    public bool AllowAnonymous { get; init; }

    /// <summary>/api/metrics requires no role. Default false.</summary>
    public bool AnonymousMetrics { get; init; }

    /// <summary>
    /// Refuses GET where DTM changes state by GET (subscribe, unsubscribe, resetCronTime); POST remains. Default
    /// false: DTM's SDKs use GET.
    /// </summary>
    public bool DenyStateChangingGet { get; init; }

    /// <summary>Keys in the settings, each <c>name role sha256:hash</c> and its limits.</summary>
    internal IReadOnlyList<ApiKey> Keys { get; init; } = [];

    /// <summary>A file with more keys, one a line; read again when it changes. Empty (default) = none.</summary>
    public string KeysFile { get; init; } = "";

    /// <summary>
    /// The grace period in which the last valid content of the file stays in force while the file cannot be read.
    /// After it only the readable lines count. Default 5 min.
    /// </summary>
    public TimeSpan KeysFileGrace { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Maximum lifetime of a sign-in to the admin page. Default 12 h. A session ends with the token it was made with.
    /// </summary>
    public TimeSpan SessionLifetime { get; init; } = TimeSpan.FromHours(12);

    /// <summary>
    /// Requests a second of each caller, also the size of a burst. 0 (default) = unlimited; a key may have its own
    /// rate.
    /// </summary>
    public int RequestsPerSecond { get; init; }

    /// <summary>
    /// Bytes of a request body of each caller, below Limits:RequestBytesMax. 0 (default) = that limit; a key may have
    /// its own.
    /// </summary>
    public int RequestBytesMax { get; init; }

    /// <summary>
    /// Requests in flight of each caller, per process. 0 (default) = unlimited; a key may have its own.
    /// </summary>
    public int InFlightMax { get; init; }

    /// <summary>
    /// Unfinished transactions of each caller that one silo has accepted since its start. 0 (default) = unlimited; a
    /// key may have its own.
    /// </summary>
    public int UnfinishedMax { get; init; }

    public SessionKeyOptions SessionKeys { get; init; } = new();

    public JwtOptions Jwt { get; init; } = new();

    public OidcOptions Oidc { get; init; } = new();

    /// <summary>Whether callers must authenticate.</summary>
    public bool IsOn => Keys.Count > 0 || KeysFile.Length > 0 || Jwt.IsOn || Oidc.IsOn;

    /// <summary>Without secrets.</summary>
    public override string ToString() => $"{nameof(SecurityOptions)} {(IsOn ? "on" : "off")}";
}

/// <summary>Encryption of the keys, in the store, that encrypt sessions.</summary>
public sealed record SessionKeyOptions
{
    /// <summary>
    /// PEM file of an RSA certificate, the same on all silos, or a .pfx. Empty (default) = the keys are stored as plain
    /// text.
    /// </summary>
    public string CertificatePath { get; init; } = "";

    /// <summary>PEM file of the certificate's private key; empty for a .pfx.</summary>
    public string KeyPath { get; init; } = "";

    /// <summary>Password of a .pfx.</summary>
    public string Password { get; init; } = "";

    /// <summary>Without the password.</summary>
    public override string ToString() => $"{nameof(SessionKeyOptions)} {CertificatePath}";
}

/// <summary>Tokens (JWT) of an issuer.</summary>
public sealed record JwtOptions
{
    /// <summary>URL of an OpenID Connect issuer, from which its keys are fetched. Empty (default) = none.</summary>
    public string Authority { get; init; } = "";

    /// <summary>Instead of an authority: URL of the issuer's public keys (JWKS). Empty (default) = none.</summary>
    public string JwksUri { get; init; } = "";

    /// <summary>
    /// Instead of an authority: a file with the issuer's public keys, PEM or JWKS; read again when it changes.
    /// </summary>
    public string SigningKeysFile { get; init; } = "";

    /// <summary>Required issuer of a token (<c>iss</c>). Empty = the issuer name of the authority.</summary>
    public string Issuer { get; init; } = "";

    /// <summary>Required audience of a token (<c>aud</c>).</summary>
    public string Audience { get; init; } = "";

    /// <summary>
    /// The claim with read, submit or admin: a string, a list, or words in a string. Default <c>roles</c>.
    /// </summary>
    public string RoleClaim { get; init; } = "roles";

    /// <summary>
    /// The claim with the namespaces: one binds the caller to it, several may be named in requests, <c>*</c> allows
    /// all. Empty (default), or without the claim: the default one, and all for administrators.
    /// </summary>
    public string NamespaceClaim { get; init; } = "";

    /// <summary>Whether the keys are fetched from the issuer.</summary>
    internal bool IsFetched => Authority.Length > 0 || JwksUri.Length > 0;

    public bool IsOn => IsFetched || SigningKeysFile.Length > 0;
}
