using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansDtm.Invokers;

namespace OrleansDtm.Grains.Alerts;

/// <summary>Tells the webhook what the queue holds, one alert at a time. Each is tried once: the next error of the call is the next alert.</summary>
internal sealed class AlertSender(AlertObserver alerts, AlertOptions options, InvokerOptions calls, ILogger<AlertSender> log) : BackgroundService
{
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    // The operator named it, not a submitter: the rules of what branches may be called are not for it.
    private readonly HttpClient _http = new(
        new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ActivityHeadersPropagator = null,
            UseProxy = calls.Proxy is not null,
            Proxy = calls.Proxy,
        }.UseCertificates(calls))
    {
        Timeout = options.Timeout,
        MaxResponseContentBufferSize = 64 * 1024,
    };

    /// <summary>The webhook did not take the last alert: said once, not once an alert.</summary>
    private bool _away;

    public override void Dispose()
    {
        _http.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var alert in alerts.Queue.ReadAllAsync(stoppingToken))
        {
            await Send(alert, stoppingToken);
        }
    }

    private async Task Send(Alert alert, CancellationToken stoppingToken)
    {
        try
        {
            using var body = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(alert, AlertJson.Readable.Alert));
            body.Headers.ContentType = Json;
            using var request = new HttpRequestMessage(HttpMethod.Post, options.WebHook)
            {
                Content = body,
                Version = HttpVersion.Version20, // Over TLS, where the webhook speaks it.
            };
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stoppingToken);
            response.EnsureSuccessStatusCode();
            _away = false;
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !stoppingToken.IsCancellationRequested))
        {
            if (!_away)
            {
                _away = true;
                log.AlertNotTaken(e, options.WebHook.Authority, alerts.Dropped);
            }
        }
    }
}
