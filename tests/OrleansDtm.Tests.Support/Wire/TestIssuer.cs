using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace OrleansDtm.Tests.Support.Wire;

/// <summary>
/// A small OpenID Connect issuer: discovery, keys, authorization code with PKCE, end of the session. Its user is always
/// signed in. It checks what a real one checks: redirect URI, secret, verifier, that a code is used once.
/// </summary>
public sealed class TestIssuer : IAsyncDisposable
{
    public const string ClientId = "orleansdtm-page";

    private readonly ConcurrentDictionary<string, (string RedirectUri, string Challenge, string Nonce)> _codes =
        new(StringComparer.Ordinal);
    private readonly RSA _key = RSA.Create(2048);
    private readonly WebApplication _app;

    private TestIssuer(int port)
    {
        Url = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}");
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        _app = builder.Build();
        _app.MapGet("/.well-known/openid-configuration", Discovery);
        _app.MapGet("/keys", () => Json(new JsonObject { ["keys"] = new JsonArray(PublicKey()) }));
        _app.MapGet("/authorize", Authorize);
        _app.MapPost("/token", (Delegate)Token);
        _app.MapGet("/end-session", EndSession);
    }

    public string Url { get; }

    public string Secret { get; } = "secret-of-the-page";

    /// <summary>Groups of the user.</summary>
    public string[] Groups { get; set; } = [];

    /// <summary>Changes the claims of id tokens.</summary>
    public Action<JsonObject>? ChangeClaims { get; set; }

    /// <summary>RS256, none, or forged: signed with a key that is not published.</summary>
    public string Algorithm { get; set; } = "RS256";

    /// <summary>The user refuses.</summary>
    public bool Denies { get; set; }

    /// <summary>The error of each refused token request.</summary>
    public ConcurrentQueue<string> Refusals { get; } = new();

    /// <summary>The URLs that may follow the end of a session at the issuer.</summary>
    public ConcurrentQueue<string> EndedTo { get; } = new();

    public static async Task<TestIssuer> Start(int? port = null)
    {
        var issuer = new TestIssuer(port ?? FreePort.Next());
        await issuer._app.StartAsync();
        return issuer;
    }

    /// <summary>The settings of a coordinator whose users sign in here.</summary>
    public string[] Settings() =>
    [
        $"--Security:Oidc:Authority={Url}",
        $"--Security:Oidc:ClientId={ClientId}",
        $"--Security:Oidc:ClientSecret={Secret}",
        "--Security:Oidc:RequireHttps=false",
        "--Security:Oidc:RoleClaim=groups",
        "--Security:Oidc:Roles:0=dtm operators admin",
        "--Security:Oidc:Roles:1=dtm-readers read",
        "--Security:Oidc:Name=Test Login",
    ];

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        _key.Dispose();
    }

    private IResult Discovery() => Json(new JsonObject
    {
        ["issuer"] = Url,
        ["authorization_endpoint"] = Url + "/authorize",
        ["token_endpoint"] = Url + "/token",
        ["jwks_uri"] = Url + "/keys",
        ["end_session_endpoint"] = Url + "/end-session",
        ["response_types_supported"] = new JsonArray("code"),
        ["subject_types_supported"] = new JsonArray("public"),
        ["id_token_signing_alg_values_supported"] = new JsonArray("RS256"),
    });

    private IResult Authorize(HttpContext context)
    {
        var query = context.Request.Query;
        string redirect = query["redirect_uri"]!, state = Uri.EscapeDataString(query["state"]!);
        if (query["client_id"] != ClientId
            || query["response_type"] != "code"
            || query["code_challenge_method"] != "S256"
            || !query["scope"].ToString().Split(' ').Contains("openid"))
        {
            return Results.BadRequest("invalid_request");
        }

        if (Denies)
        {
            return Results.Redirect($"{redirect}?error=access_denied&state={state}");
        }

        var code = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));
        _codes[code] = (redirect, query["code_challenge"]!, query["nonce"]!);
        return Results.Redirect($"{redirect}?code={code}&state={state}");
    }

    private async Task<IResult> Token(HttpContext context)
    {
        var form = await context.Request.ReadFormAsync();
        if (form["client_id"] != ClientId || form["client_secret"] != Secret)
        {
            return Refuse("invalid_client");
        }

        if (form["grant_type"] != "authorization_code"
            || !_codes.TryRemove(form["code"].ToString(), out var given)
            || form["redirect_uri"] != given.RedirectUri)
        {
            return Refuse("invalid_grant");
        }

        var verifier = SHA256.HashData(Encoding.ASCII.GetBytes(form["code_verifier"].ToString()));
        return Base64Url.EncodeToString(verifier) != given.Challenge
            ? Refuse("invalid_grant: verifier")
            : Json(new JsonObject
            {
                ["token_type"] = "Bearer",
                ["access_token"] = "not-used",
                ["expires_in"] = 300,
                ["id_token"] = IdToken(given.Nonce),
            });
    }

    private IResult EndSession(HttpContext context)
    {
        var next = context.Request.Query["post_logout_redirect_uri"].ToString();
        EndedTo.Enqueue(next);
        return context.Request.Query["client_id"] == ClientId ? Results.Redirect(next) : Results.BadRequest();
    }

    private IResult Refuse(string error)
    {
        Refusals.Enqueue(error);
        return Results.Text(
            new JsonObject { ["error"] = error.Split(':')[0] }.ToJsonString(), "application/json", statusCode: 400);
    }

    private string IdToken(string nonce)
    {
        var now = TimeProvider.System.GetUtcNow();
        var claims = new JsonObject
        {
            ["iss"] = Url,
            ["aud"] = ClientId,
            ["sub"] = "4711",
            ["preferred_username"] = "olga",
            ["iat"] = now.ToUnixTimeSeconds(),
            ["exp"] = now.AddMinutes(5).ToUnixTimeSeconds(),
            ["nonce"] = nonce,
            ["groups"] = new JsonArray([.. Groups.Select(static group => (JsonNode)group)]),
        };
        ChangeClaims?.Invoke(claims);
        var header = new JsonObject { ["alg"] = Algorithm == "none" ? "none" : "RS256", ["kid"] = "one" };
        var text = $"{Encode(header)}.{Encode(claims)}";
        using var forger = RSA.Create(2048);
        var signature = Algorithm == "none"
            ? []
            : (Algorithm == "forged" ? forger : _key).SignData(
                Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return $"{text}.{Base64Url.EncodeToString(signature)}";
    }

    private JsonObject PublicKey()
    {
        var key = _key.ExportParameters(includePrivateParameters: false);
        return new JsonObject
        {
            ["kty"] = "RSA",
            ["use"] = "sig",
            ["kid"] = "one",
            ["n"] = Base64Url.EncodeToString(key.Modulus!),
            ["e"] = Base64Url.EncodeToString(key.Exponent!),
        };
    }

    private static string Encode(JsonObject json) =>
        Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json.ToJsonString()));

    private static IResult Json(JsonObject json) => Results.Text(json.ToJsonString(), "application/json");
}
