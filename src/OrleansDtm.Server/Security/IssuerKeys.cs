using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using OrleansDtm.Server.Configuration;

namespace OrleansDtm.Server.Security;

/// <summary>
/// The keys of an issuer, fetched from it when the first token comes and kept; asked for again when a token names one that is not among
/// them. As long as they were never got nobody can tell whether a token is good.
/// </summary>
internal sealed class IssuerKeys : IDisposable
{
    /// <summary>After a failure tokens are not judged for so long, instead of each asking an issuer that is away.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(5), MaxResponseContentBufferSize = 1024 * 1024 };
    private readonly string _place;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly Lock _lock = new();
    private Task<bool>? _fetch;
    private long _ended;
    private bool _isAway;
    private volatile bool _known;

    public IssuerKeys(JwtOptions options, TimeProvider clock, ILogger log)
    {
        (_clock, _log) = (clock, log);
        _place = options.JwksUri.Length > 0 ? options.JwksUri : options.Authority.TrimEnd('/') + "/.well-known/openid-configuration";
        Manager = new ConfigurationManager<OpenIdConnectConfiguration>(
            _place,
            options.JwksUri.Length > 0 ? new KeySetRetriever() : new OpenIdConnectConfigurationRetriever(),
            new HttpDocumentRetriever(_http) { RequireHttps = _place.StartsWith("https", StringComparison.OrdinalIgnoreCase) });
    }

    public ConfigurationManager<OpenIdConnectConfiguration> Manager { get; }

    /// <summary>Whether tokens can be judged; asks for the keys if need be, once for all who wait.</summary>
    public async ValueTask<bool> AreKnown(CancellationToken cancellationToken)
    {
        if (_known)
        {
            return true;
        }

        Task<bool> fetch;
        lock (_lock)
        {
            if (_fetch is null || (_fetch.IsCompleted && _clock.GetElapsedTime(_ended) >= Pause))
            {
                _fetch = Fetch();
            }

            fetch = _fetch;
        }

        return await fetch.WaitAsync(cancellationToken);
    }

    public void Dispose() => _http.Dispose();

    private async Task<bool> Fetch()
    {
        await Task.Yield(); // Not under the lock.
        try
        {
            await Manager.GetConfigurationAsync(CancellationToken.None); // Not the caller's: others wait for it too.
            _known = true;
            if (_isAway)
            {
                _log.IssuerIsBack(_place);
            }
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
        return _known;
    }

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

            return configuration.SigningKeys.Count > 0 ? configuration : throw new InvalidOperationException($"{address} holds no public key");
        }
    }
}
