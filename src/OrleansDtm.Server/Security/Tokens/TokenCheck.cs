using System.Security.Claims;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Security.Access;

namespace OrleansDtm.Server.Security.Tokens;

/// <summary>Verifies tokens (JWT): signature, issuer, audience, lifetime. Reads the role from a claim.</summary>
internal sealed class TokenCheck : IDisposable
{
    private const string IssuerIsAway = "the keys of the token's issuer cannot be fetched [ODTM4007]";

    /// <summary>Asymmetric signatures only: a shared secret for verification could also sign.</summary>
    public static readonly string[] Algorithms =
    [
        SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSha512,
        SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.RsaSsaPssSha384, SecurityAlgorithms.RsaSsaPssSha512,
        SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384, SecurityAlgorithms.EcdsaSha512,
    ];

    /// <summary>Leeway of a token's times.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(30);

    private readonly JsonWebTokenHandler _handler = new() { MapInboundClaims = false };
    private readonly TokenValidationParameters _rules;
    private readonly JwtOptions _options;
    private readonly IssuerKeys? _issuer;
    private readonly ReloadedFiles<List<SecurityKey>>? _file;

    /// <exception cref="SettingsException">The file of keys is invalid.</exception>
    public TokenCheck(JwtOptions options, TimeProvider clock, ILogger<TokenCheck> log)
    {
        _options = options;
        _rules = new TokenValidationParameters
        {
            ValidAudience = options.Audience,
            ValidIssuer = options.Issuer.Length > 0 ? options.Issuer : null,
            ClockSkew = ClockSkew,
            ValidAlgorithms = Algorithms,
        };
        if (options.IsFetched)
        {
            _issuer = new IssuerKeys(options, clock, log);
        }
        else
        {
            _file = new ReloadedFiles<List<SecurityKey>>(
                "Security:Jwt:SigningKeysFile", [options.SigningKeysFile], Load, clock, log);
        }
    }

    public async ValueTask<Identified> Identify(string token, CancellationToken cancellationToken)
    {
        var (validated, undecided) = await Validate(token, cancellationToken);
        if (validated is not { } result)
        {
            return Identified.NotNow(undecided);
        }

        if (!result.IsValid)
        {
            return Identified.No(Problem(result.Exception));
        }

        if (HasCriticalHeaders(result.SecurityToken))
        {
            return Identified.No("the token has critical headers (crit), which this server does not know");
        }

        var role = RoleOf(result.ClaimsIdentity.FindAll(_options.RoleClaim));
        var name = result.ClaimsIdentity.FindFirst("sub")?.Value
            ?? result.ClaimsIdentity.FindFirst("client_id")?.Value
            ?? "";
        if (GrantOf(result.ClaimsIdentity, _options.NamespaceClaim) is not { } grant)
        {
            return Identified.No($"the claim {_options.NamespaceClaim} of the token names no namespace");
        }

        return new Identified(new Caller(name.Length > 64 ? name[..64] : name, role) { Grant = grant }, "")
        {
            Until = new DateTimeOffset(result.SecurityToken.ValidTo, TimeSpan.Zero),
        };
    }

    /// <summary>The highest role that claims name: strings, or words in a string.</summary>
    public static Role RoleOf(IEnumerable<Claim> claims) => claims
        .SelectMany(static claim => claim.Value.Split(' '))
        .Select(static word => RoleNames.Parse(word) ?? Role.None)
        .DefaultIfEmpty(Role.None)
        .Max();

    /// <summary>The namespaces of a claim; the role decides without it. Null = the claim names none.</summary>
    /// <param name="identity">The claims.</param>
    /// <param name="claim">The claim's name; empty = the role decides.</param>
    public static NamespaceGrant? GrantOf(ClaimsIdentity identity, string claim)
    {
        var values = claim.Length == 0 ? [] : identity.FindAll(claim).Select(static found => found.Value).ToArray();
        return values.Length == 0 ? NamespaceGrant.None : NamespaceGrant.OfClaim(values);
    }

    public void Dispose() => _issuer?.Dispose();

    /// <summary>
    /// RFC 7515: a token whose critical headers are not understood is invalid. The library ignores them.
    /// </summary>
    private static bool HasCriticalHeaders(SecurityToken token)
    {
        if (token is not JsonWebToken { EncodedHeader.Length: > 0 } web)
        {
            return true;
        }

        using var header = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(web.EncodedHeader));
        return header.RootElement.TryGetProperty("crit", out _);
    }

    /// <summary>Without a result: why it cannot be verified now.</summary>
    private async ValueTask<(TokenValidationResult? Result, string Undecided)> Validate(
        string token, CancellationToken cancellationToken)
    {
        if (_issuer is null)
        {
            return (await ValidateByFile(token, cancellationToken), "");
        }

        var started = _issuer.Started;
        if (await _issuer.Get(cancellationToken) is not { } keys)
        {
            return (null, IssuerIsAway);
        }

        var result = await Validate(token, keys.Keys, cancellationToken);
        if (result.Exception is not SecurityTokenSignatureKeyNotFoundException)
        {
            return (result, "");
        }

        // The issuer may use a new key.
        if (await _issuer.Renew(cancellationToken) is not { } renewed)
        {
            return (null, IssuerIsAway);
        }

        if (renewed.Number != keys.Number)
        {
            result = await Validate(token, renewed.Keys, cancellationToken);
        }

        // Only keys that were requested after the token came tell that its key is not the issuer's.
        return result.Exception is SecurityTokenSignatureKeyNotFoundException && renewed.Number <= started
            ? (null, "the token is signed by a key that the issuer did not have a second ago")
            : (result, "");
    }

    private async Task<TokenValidationResult> ValidateByFile(string token, CancellationToken cancellationToken)
    {
        var keys = _file!.Value;
        var result = await ValidateBy(keys);
        if (result.Exception is not SecurityTokenInvalidSignatureException)
        {
            return result;
        }

        var renewed = _file.Renew();
        return ReferenceEquals(renewed, keys) ? result : await ValidateBy(renewed);

        Task<TokenValidationResult> ValidateBy(List<SecurityKey> by)
        {
            var rules = _rules.Clone();
            rules.IssuerSigningKeys = by;
            return _handler.ValidateTokenAsync(token, rules).WaitAsync(cancellationToken);
        }
    }

    private Task<TokenValidationResult> Validate(
        string token, BaseConfigurationManager keys, CancellationToken cancellationToken)
    {
        var rules = _rules.Clone();
        rules.ConfigurationManager = keys;
        return _handler.ValidateTokenAsync(token, rules).WaitAsync(cancellationToken);
    }

    /// <summary>Short reasons: the library's are long and may contain the token.</summary>
    private string Problem(Exception? e) => e switch
    {
        SecurityTokenExpiredException => "the token has expired",
        SecurityTokenNotYetValidException => "the token is not valid yet",
        SecurityTokenInvalidAudienceException => $"the token is for another audience than {_options.Audience}",
        SecurityTokenInvalidIssuerException => "the token is from another issuer",
        SecurityTokenNoExpirationException => "the token has no expiry (exp)",
        SecurityTokenInvalidAlgorithmException => "the token's signature algorithm is not accepted; use RS, PS or ES",
        SecurityTokenSignatureKeyNotFoundException => "the token is signed by a key that the issuer does not have",
        SecurityTokenInvalidSignatureException => "the token's signature is invalid",
        _ => "the token is invalid",
    };

    private static List<SecurityKey> Load(IReadOnlyList<string> paths)
    {
        var text = File.ReadAllText(paths[0]);
        var keys = text.AsSpan().TrimStart().StartsWith("{")
            ? JsonWebKeySet.Create(text).GetSigningKeys().ToList()
            : FromPem(text);
        return keys.Count > 0 ? keys : throw new InvalidDataException(
            "it contains no public key: PEM (PUBLIC KEY, CERTIFICATE) or a JWKS is needed.");
    }

    private static List<SecurityKey> FromPem(string text)
    {
        var keys = new List<SecurityKey>();
        var rest = text.AsSpan();
        while (PemEncoding.TryFind(rest, out var found))
        {
            var pem = rest[found.Location].ToString();
            switch (rest[found.Label])
            {
                case "CERTIFICATE":
                    keys.Add(new X509SecurityKey(X509Certificate2.CreateFromPem(pem)));
                    break;
                case "PUBLIC KEY":
                    keys.Add(PublicKey(pem));
                    break;
                case "RSA PUBLIC KEY":
                    var rsa = RSA.Create();
                    rsa.ImportFromPem(pem);
                    keys.Add(new RsaSecurityKey(rsa));
                    break;
                case var label when label.EndsWith("PRIVATE KEY"):
                    throw new InvalidDataException("it contains a private key; only the issuer may have it.");
            }

            rest = rest[found.Location.End..];
        }

        return keys;
    }

    private static SecurityKey PublicKey(string pem)
    {
        try
        {
            var rsa = RSA.Create();
            rsa.ImportFromPem(pem);
            return new RsaSecurityKey(rsa);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            var elliptic = ECDsa.Create();
            elliptic.ImportFromPem(pem);
            return new ECDsaSecurityKey(elliptic);
        }
    }
}
