using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using OrleansDtm.Server.Configuration;

namespace OrleansDtm.Server.Security.Tokens;

/// <summary>
/// The keys of an issuer, fetched from it when the first token comes and kept; asked for again when a token is signed by one that is not
/// among them, and twice a day, so that a key that was withdrawn goes. As long as they cannot be got nobody can tell whether a token is
/// good whose key is not among those that are known.
/// </summary>
internal sealed class IssuerKeys : IDisposable
{
    /// <summary>The issuer is asked once in this time at most, whatever tokens come: what it said, or that it is away, holds so long.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(12);

    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(5), MaxResponseContentBufferSize = 1024 * 1024 };
    private readonly string _place;
    private readonly IConfigurationRetriever<OpenIdConnectConfiguration> _retriever;
    private readonly HttpDocumentRetriever _documents;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly Lock _lock = new();
    private Task<BaseConfigurationManager?>? _fetch;
    private long _ended;
    private bool _isAway;
    private volatile Known? _known;

    public IssuerKeys(JwtOptions options, TimeProvider clock, ILogger log)
    {
        (_clock, _log) = (clock, log);
        _place = options.JwksUri.Length > 0 ? options.JwksUri : options.Authority.TrimEnd('/') + "/.well-known/openid-configuration";
        _retriever = options.JwksUri.Length > 0 ? new KeySetRetriever() : new OpenIdConnectConfigurationRetriever();
        _documents = new HttpDocumentRetriever(_http) { RequireHttps = _place.StartsWith("https", StringComparison.OrdinalIgnoreCase) };
    }

    /// <summary>The keys to judge a token by; asks for them if there are none yet. Null = they cannot be got.</summary>
    public ValueTask<BaseConfigurationManager?> Get(CancellationToken cancellationToken)
    {
        if (_known is not { } known)
        {
            return Renew(cancellationToken);
        }

        if (_clock.GetElapsedTime(known.Since) >= Lifetime)
        {
            _ = Fetch(); // Nobody waits for it: these may be old, and are good as long as the issuer says nothing else.
        }

        return ValueTask.FromResult<BaseConfigurationManager?>(known.Keys);
    }

    /// <summary>The keys that the issuer has now, or had within the last second; asks once for all who wait. Null = it is away.</summary>
    public async ValueTask<BaseConfigurationManager?> Renew(CancellationToken cancellationToken) => await Fetch().WaitAsync(cancellationToken);

    public void Dispose() => _http.Dispose();

    private Task<BaseConfigurationManager?> Fetch()
    {
        lock (_lock)
        {
            return _fetch is null || (_fetch.IsCompleted && _clock.GetElapsedTime(_ended) >= Pause) ? _fetch = Ask() : _fetch;
        }
    }

    private async Task<BaseConfigurationManager?> Ask()
    {
        await Task.Yield(); // Not under the lock.
        BaseConfigurationManager? keys = null;
        try
        {
            // The library's manager asks anew in the background, and five minutes apart: the first tokens of a new key would be refused.
            var found = await new ConfigurationManager<OpenIdConnectConfiguration>(_place, _retriever, _documents)
                .GetConfigurationAsync(CancellationToken.None); // Not the caller's: others wait for it too.
            if (found.SigningKeys.Count == 0)
            {
                throw new InvalidOperationException($"{_place} tells of no public key");
            }

            keys = new StaticConfigurationManager<OpenIdConnectConfiguration>(found) { UseLastKnownGoodConfiguration = false };
            _known = new Known(keys, _clock.GetTimestamp());
            if (_isAway)
            {
                _log.IssuerIsBack(_place);
            }

            _isAway = false;
        }
        catch (Exception e) when (e is InvalidOperationException or IOException or HttpRequestException or OperationCanceledException or ArgumentException)
        {
            if (!_isAway)
            {
                _log.IssuerIsAway(_place, e.GetBaseException().Message);
            }

            _isAway = true; // Said once, not for each token.
        }

        _ended = _clock.GetTimestamp();
        return keys;
    }

    /// <param name="Keys">Never change: newer ones are another object.</param>
    /// <param name="Since">A timestamp of the clock.</param>
    private sealed record Known(BaseConfigurationManager Keys, long Since);

    /// <summary>Of an address that has the keys alone (JWKS), not what else an issuer tells of itself.</summary>
    private sealed class KeySetRetriever : IConfigurationRetriever<OpenIdConnectConfiguration>
    {
        public async Task<OpenIdConnectConfiguration> GetConfigurationAsync(string address, IDocumentRetriever retriever, CancellationToken cancel)
        {
            var configuration = new OpenIdConnectConfiguration { JsonWebKeySet = JsonWebKeySet.Create(await retriever.GetDocumentAsync(address, cancel)) };
            foreach (var key in configuration.JsonWebKeySet.GetSigningKeys())
            {
                configuration.SigningKeys.Add(key);
            }

            return configuration;
        }
    }
}
