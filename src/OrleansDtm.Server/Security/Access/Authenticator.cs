using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Security.Keys;
using OrleansDtm.Server.Security.Sessions;
using OrleansDtm.Server.Security.Tokens;

namespace OrleansDtm.Server.Security.Access;

/// <summary>Authenticates a request by an API key, a token, or the cookie of a sign-in.</summary>
internal sealed class Authenticator(
    ApiKeyRing keys, SessionCookie cookies, EndedSessions ended, CoordinatorOptions options, TokenCheck? tokens = null)
{
    public const string KeyHeader = "X-Api-Key";
    private const string Bearer = "Bearer ";

    /// <summary>How to authenticate, for refusals.</summary>
    private static readonly string Hint =
        $"send an API key or a token as 'Authorization: Bearer ...' (or the key as '{KeyHeader}')";

    public async ValueTask<Identified> Identify(HttpContext context)
    {
        var headers = context.Request.Headers;
        if (headers[KeyHeader] is [{ Length: > 0 } key])
        {
            return await Identify(key, context.RequestAborted);
        }

        if (headers.Authorization is [{ Length: > 0 } authorization])
        {
            return authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase)
                ? await Identify(authorization[Bearer.Length..].Trim(), context.RequestAborted)
                : Identified.No($"the Authorization header is invalid: {Hint}");
        }

        if (context.Request.Cookies[SessionCookie.Name] is { Length: > 0 } cookie && cookies.Open(cookie) is { } proof)
        {
            var identified = await Identify(proof, context.RequestAborted);
            return identified.Caller is not { } caller ? identified
                : await ended.Contains(cookie, context.RequestAborted) ? Identified.No(
                    "the session was ended; sign in again")
                : new Identified(caller with { ByCookie = true }, "");
        }

        return Identified.No(Hint);
    }

    /// <param name="proof">An API key or a token.</param>
    public async ValueTask<Identified> Identify(string proof, CancellationToken cancellationToken)
    {
        if (tokens is not null && proof.AsSpan().Count('.') == 2)
        {
            return await tokens.Identify(proof, cancellationToken);
        }

        if (keys.Find(proof, out var expired) is { } key)
        {
            return new Identified(new Caller(key.Name, key.Role, key), "");
        }

        return keys.IsUndecided(proof)
            ? Identified.NotNow("the file of the API key cannot be read [ODTM4006]")
            : Identified.No(
                expired
                    ? "the API key has expired"
                    : options.Security.Jwt.IsOn && proof.AsSpan().Count('.') != 2
                    ? "the API key is unknown (a token would have three parts)"
                    : "the API key is unknown");
    }
}

/// <param name="Caller">Null = not authenticated.</param>
/// <param name="Problem">The reason; shown to the caller.</param>
/// <param name="IsUndecided">The key or token cannot be verified now.</param>
internal readonly record struct Identified(Caller? Caller, string Problem, bool IsUndecided = false)
{
    public static Identified No(string problem) => new(null, problem);

    public static Identified NotNow(string problem) => new(null, problem, IsUndecided: true);
}
