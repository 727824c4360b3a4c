using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using OrleansDtm.Server.Security.Keys;
using OrleansDtm.Server.Security.Tokens;

namespace OrleansDtm.Server.Security.Access;

/// <summary>
/// Authenticates by the headers of a request. <see cref="AccessControl"/> answers refusals, because each protocol has
/// its own format.
/// </summary>
internal abstract class CallerHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory log, UrlEncoder encoder)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, log, encoder)
{
    protected sealed override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var proof = Proof.Of(Request);
        return proof.Text is { } text ? (await Identify(text)).Result(Scheme.Name)
            : proof.IsUnreadable ? Identified.No($"the Authorization header is invalid: {Proof.Hint}").Result(
                Scheme.Name)
            : AuthenticateResult.NoResult();
    }

    /// <param name="proof">An API key or a token.</param>
    protected abstract ValueTask<Identified> Identify(string proof);
}

/// <summary>The scheme of API keys.</summary>
internal sealed class ApiKeyHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory log, UrlEncoder encoder, KeyCheck keys)
    : CallerHandler(options, log, encoder)
{
    protected override ValueTask<Identified> Identify(string proof) => ValueTask.FromResult(keys.Identify(proof));
}

/// <summary>
/// The scheme of tokens. Not ASP.NET Core's JwtBearer: a token whose key cannot be verified now is answered 503, and
/// <c>crit</c> is refused.
/// </summary>
internal sealed class TokenHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory log, UrlEncoder encoder, TokenCheck tokens)
    : CallerHandler(options, log, encoder)
{
    protected override ValueTask<Identified> Identify(string proof) => tokens.Identify(proof, Context.RequestAborted);
}
