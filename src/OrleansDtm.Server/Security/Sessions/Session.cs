using System.Buffers.Text;
using System.Globalization;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Authentication;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Security.Access;
using OrleansDtm.Server.Security.Keys;

namespace OrleansDtm.Server.Security.Sessions;

/// <summary>How the user of a session signed in. The names are stored in cookies.</summary>
internal enum SessionKind
{
    Key,
    Token,
    Oidc,
}

/// <summary>A sign-in to the admin page: the contents of the cookie. It has neither the key nor the token.</summary>
/// <param name="Id">Random; a sign-out stores it.</param>
/// <param name="Name">Name of the caller.</param>
/// <param name="Role">The role at sign-in, which a session never exceeds.</param>
/// <param name="Kind">How the user signed in.</param>
/// <param name="Origin">Identifier of the key, or of the issuer's settings at sign-in.</param>
/// <param name="Until">Refused from this time on.</param>
internal sealed record Session(
    string Id, string Name, Role Role, SessionKind Kind, string Origin, DateTimeOffset Until)
{
    /// <summary>The namespaces of a token or user; those of a key are on its line.</summary>
    public NamespaceGrant Grant { get; init; } = NamespaceGrant.None;

    private const string GrantClaim = "namespaces";
    private const string IdClaim = "sid";
    private const string KindClaim = "kind";
    private const string OriginClaim = "origin";

    /// <param name="caller">Verified by an API key or a token.</param>
    /// <param name="jwt">The settings of tokens.</param>
    /// <param name="until">When it expires.</param>
    public static Session Of(Caller caller, JwtOptions jwt, DateTimeOffset until) => caller.Key is { } key
        ? New(caller, SessionKind.Key, ApiKeyRing.Id(key.Hash.Span), until)
        : New(caller, SessionKind.Token, OriginOf(jwt), until);

    /// <param name="caller">Verified by the issuer of sign-ins.</param>
    /// <param name="oidc">Its settings.</param>
    /// <param name="until">When it expires.</param>
    public static Session Of(Caller caller, OidcOptions oidc, DateTimeOffset until) =>
        New(caller, SessionKind.Oidc, OriginOf(oidc), until);

    /// <summary>Changes with each setting that decides whose tokens are accepted, and with which role.</summary>
    public static string OriginOf(JwtOptions jwt) => Fingerprint(
        [
            jwt.Authority, jwt.JwksUri, jwt.SigningKeysFile, jwt.Issuer, jwt.Audience, jwt.RoleClaim,
            .. Given(jwt.NamespaceClaim),
        ]);

    /// <inheritdoc cref="OriginOf(JwtOptions)"/>
    public static string OriginOf(OidcOptions oidc) => Fingerprint(
        [
            oidc.Authority, oidc.ClientId, oidc.RoleClaim, .. oidc.Roles.Select(static entry => entry.ToString()),
            .. Given(oidc.NamespaceClaim),
        ]);

    /// <summary>The contents of a decrypted cookie; null = it is of another version.</summary>
    public static Session? Read(ClaimsPrincipal? principal, AuthenticationProperties properties) =>
        principal?.FindFirst(IdClaim)?.Value is { } id
        && RoleNames.Parse(principal.FindFirst(CallerIdentity.RoleClaim)?.Value ?? "") is { } role
        && Enum.TryParse<SessionKind>(principal.FindFirst(KindClaim)?.Value, out var kind)
        && principal.FindFirst(OriginClaim)?.Value is { } origin
        && properties.ExpiresUtc is { } until
            ? new Session(
                id, principal.FindFirst(CallerIdentity.NameClaim)?.Value ?? "", role, kind, origin, until)
            {
                Grant = NamespaceGrant.Read(principal.FindFirst(GrantClaim)?.Value ?? ""),
            }
            : null;

    public ClaimsPrincipal Principal() => new(new ClaimsIdentity(
        [
            new Claim(IdClaim, Id),
            new Claim(CallerIdentity.NameClaim, Name),
            new Claim(CallerIdentity.RoleClaim, RoleNames.Of(Role)),
            new Claim(KindClaim, Kind.ToString()),
            new Claim(OriginClaim, Origin),
            new Claim(GrantClaim, Grant.Text()),
        ],
        Schemes.Session));

    public AuthenticationProperties Properties(DateTimeOffset now) => new()
    {
        IssuedUtc = now,
        ExpiresUtc = Until,
        AllowRefresh = false,
    };

    private static Session New(Caller caller, SessionKind kind, string origin, DateTimeOffset until) => new(
        Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16)), caller.Name, caller.Role, kind, origin, until)
    {
        Grant = caller.Key is null ? caller.Grant : NamespaceGrant.None,
    };

    private static string[] Given(string claim) => claim.Length == 0 ? [] : [claim];

    private static string Fingerprint(params IEnumerable<string> settings) => Convert.ToHexStringLower(
        SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(settings.Select(static setting => string.Create(
            CultureInfo.InvariantCulture, $"{setting.Length}:{setting}"))))).AsSpan(0, 8));
}
