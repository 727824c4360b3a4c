using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansDtm.Invokers;

namespace OrleansDtm.Grains.Alerts;

/// <summary>
/// Sends queued alerts to the webhook, one at a time and once each: the next error of the call is the next alert.
/// </summary>
internal sealed class AlertSender(
    AlertObserver alerts, AlertOptions options, InvokerOptions calls, ILogger<AlertSender> log)
    : BackgroundService
{
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    // An operator configures this URL, so the rules for branch URLs of submitters do not apply.
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

    /// <summary>True if the last alert failed. The failure is logged once, not for each alert.</summary>
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
                Version = HttpVersion.Version20, // Used over TLS if the webhook supports it.
            };
            using var response = await _http.SendAsync(
                request, HttpCompletionOption.ResponseHeadersRead, stoppingToken);
            response.EnsureSuccessStatusCode();
            _away = false;
        }
        catch (Exception e) when (e is HttpRequestException or IOException
            || (e is OperationCanceledException && !stoppingToken.IsCancellationRequested))
        {
            if (!_away)
            {
                _away = true;
                log.AlertNotTaken(e, options.WebHook.Authority, alerts.Dropped);
            }
        }
    }
}
