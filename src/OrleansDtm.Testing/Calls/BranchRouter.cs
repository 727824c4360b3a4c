using System.Collections.Concurrent;
using Microsoft.AspNetCore.WebUtilities;
using OrleansDtm.Protocol;
using OrleansDtm.Testing.Hosting;
using OrleansDtm.Testing.Journals;

namespace OrleansDtm.Testing.Calls;

/// <summary>Sends requests to the handler that serves their host.</summary>
internal sealed class BranchRouter(Journal journal, bool allowNetwork) : HttpMessageHandler
{
    private readonly ConcurrentDictionary<string, HttpMessageInvoker> _served = new(StringComparer.OrdinalIgnoreCase);
    private readonly Lazy<HttpMessageInvoker> _network = new(static () => new HttpMessageInvoker(
        new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false }));

    /// <exception cref="ArgumentException">The URL is not absolute, or has a path.</exception>
    public void Add(string url, HttpMessageHandler handler)
    {
        ArgumentException.ThrowIfNullOrEmpty(url);
        ArgumentNullException.ThrowIfNull(handler);
        if (!Uri.TryCreate(url, UriKind.Absolute, out var parsed)
            || parsed.Scheme is not ("http" or "https")
            || parsed.PathAndQuery != "/")
        {
            throw new ArgumentException(
                $"'{url}' is not the base URL of a service, such as http://hotel or http://hotel:8080.", nameof(url));
        }

        _served[parsed.Authority] = new HttpMessageInvoker(handler, disposeHandler: false);
    }

    protected override Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var url = request.RequestUri!;
        if (_served.TryGetValue(url.Authority, out var service))
        {
            return service.SendAsync(request, cancellationToken);
        }

        if (allowNetwork)
        {
            return _network.Value.SendAsync(request, cancellationToken);
        }

        var host = url.GetLeftPart(UriPartial.Authority);
        var known = string.Join(
            ", ", _served.Keys.Where(static host => host != WorkflowCallback.Host).Order(StringComparer.Ordinal));
        var problem = $"no branch service {host} is registered (registered: {(known.Length == 0 ? "none" : known)}). "
            + $"Add it with dtm.AddBranches(\"{host}\", handler), or set options.AllowNetwork.";
        var gid = request.Headers.TryGetValues(BranchMetadata.Gid, out var values)
            ? values.First()
            : QueryHelpers.ParseQuery(url.Query)[BranchQuery.Gid].ToString();
        if (gid.Length > 0)
        {
            journal.Problem(gid, $"{url.GetLeftPart(UriPartial.Path)}: {problem}");
        }

        throw new HttpRequestException(problem);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && _network.IsValueCreated)
        {
            _network.Value.Dispose();
        }

        base.Dispose(disposing);
    }
}
