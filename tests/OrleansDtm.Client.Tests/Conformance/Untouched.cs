namespace OrleansDtm.Client.Tests.Conformance;

/// <summary>The handler of an HTTP client that must not be used. Fails and records each request.</summary>
internal sealed class Untouched : DelegatingHandler
{
    private readonly List<string> _requests = [];

    public IReadOnlyList<string> Requests => _requests;

    protected override Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        lock (_requests)
        {
            _requests.Add($"{request.Method} {request.RequestUri}");
        }

        throw new InvalidOperationException("HTTP is not to be asked.");
    }
}
