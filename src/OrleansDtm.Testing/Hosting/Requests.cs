using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using OrleansDtm.Testing.Time;

namespace OrleansDtm.Testing.Hosting;

/// <summary>
/// Counts the requests of clients as work: those of the host's own handlers from the moment they are sent, others
/// while the coordinator serves them.
/// </summary>
internal sealed class Requests(Pacer pacer) : IStartupFilter
{
    /// <summary>Links a request of the host's handlers to its work.</summary>
    private const string Header = "OrleansDtm-Testing-Work";

    private readonly ConcurrentDictionary<string, Work> _sent = new(StringComparer.Ordinal);
    private long _last;

    /// <summary>A handler of clients of the coordinator.</summary>
    /// <param name="server">Sends the request to the server; disposed with the handler.</param>
    public DelegatingHandler Client(HttpMessageHandler server) => new Sender(this) { InnerHandler = server };

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(async (context, following) =>
        {
            var id = context.Request.Headers[Header].ToString();
            context.Request.Headers.Remove(Header);
            if (_sent.TryRemove(id, out var sent))
            {
                Work.Current = sent;
                await following(context).ConfigureAwait(false);
                return;
            }

            // A poll is no reason for the time to go on.
            if (context.Request.Method != HttpMethod.Get.Method)
            {
                pacer.Renew();
            }

            using var work = pacer.Begin($"the request {context.Request.Method} {context.Request.Path}");
            Work.Current = work;
            await following(context).ConfigureAwait(false);
        });
        next(app);
    };

    private sealed class Sender(Requests all) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.Method != HttpMethod.Get)
            {
                all.Pacer.Renew();
            }

            var id = Interlocked.Increment(ref all._last).ToString(CultureInfo.InvariantCulture);
            using var work = all.Pacer.Begin($"the request {request.Method} {request.RequestUri?.AbsolutePath}");
            all._sent[id] = work;
            request.Headers.Remove(Header);
            request.Headers.Add(Header, id);
            try
            {
                var response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
                if (response.Content.Headers.ContentType?.MediaType?.StartsWith(
                    "application/grpc", StringComparison.OrdinalIgnoreCase) != true)
                {
                    await response.Content.LoadIntoBufferAsync(cancellationToken).ConfigureAwait(false);
                }

                return response;
            }
            finally
            {
                all._sent.TryRemove(id, out _);
            }
        }
    }

    private Pacer Pacer => pacer;
}
