using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Xunit;

namespace OrleansDtm.Tests.Support.Wire;

/// <summary>A response of the coordinator.</summary>
public sealed record Answer(int Status, string Text)
{
    /// <summary>The text as JSON; null = the text is not JSON.</summary>
    public JsonNode? Json { get; } = Parse(Text);

    public string? Result => (string?)Json?["dtm_result"];

    public string Message => (string?)Json?["message"] ?? "";

    public static JsonNode? Parse(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>A client of the coordinator's HTTP API.</summary>
/// <param name="server">The coordinator.</param>
/// <param name="patience">The timeout of a request; null = one minute.</param>
public sealed class Dtm(ServerProcess server, TimeSpan? patience = null) : IDisposable
{
    private readonly HttpClient _http = new() { Timeout = patience ?? TimeSpan.FromMinutes(1) };

    public string Api { get; } = server.Url + "/api/dtmsvr";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public Task<Answer> Submit(JsonObject body) => Post("submit", body);

    public Task<Answer> Post(string api, JsonObject body) => Send(HttpMethod.Post, $"{Api}/{api}", body.ToJsonString());

    public Task<Answer> Get(string apiAndQuery) => Send(HttpMethod.Get, $"{Api}/{apiAndQuery}", null);

    /// <param name="method">The HTTP method.</param>
    /// <param name="url">The whole URL.</param>
    /// <param name="body">The body, which may be invalid JSON; null = none.</param>
    /// <param name="askFirst">
    /// True = sends Expect: 100-continue, so that the server can reject the request before the body is sent.
    /// </param>
    public async Task<Answer> Send(HttpMethod method, string url, string? body, bool askFirst = false)
    {
        using var request = new HttpRequestMessage(method, url);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            request.Headers.ExpectContinue = askFirst;
        }

        using var answer = await _http.SendAsync(request, Cancel);
        return new Answer((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancel));
    }

    public async Task<JsonNode> Query(string gid)
    {
        var answer = await Get("query?gid=" + Uri.EscapeDataString(gid));
        Assert.True(answer.Status == 200, $"query answered {answer.Status}: {answer.Text}");
        return answer.Json!;
    }

    public async Task<JsonNode?> Transaction(string gid) => (await Query(gid))["transaction"];

    /// <summary>Submits a transaction that must be accepted.</summary>
    public async Task Accept(JsonObject body)
    {
        var answer = await Submit(body);
        Assert.True(
            answer is { Status: 200, Result: "SUCCESS" },
            $"submit answered {answer.Status}: {answer.Text}\n{server.Tail}");
    }

    /// <summary>Waits until query shows the status.</summary>
    /// <returns>The transaction as query shows it then.</returns>
    public Task<JsonNode> Until(string status, string gid) => Until(gid, Poll.Patience, status);

    public async Task<JsonNode> Until(string gid, TimeSpan within, params string[] statuses)
    {
        JsonNode? last = null;
        await Poll.Until(
            async () => Array.IndexOf(statuses, (string?)(last = await Transaction(gid))?["status"]) >= 0,
            within,
            () => $"{gid} is not {string.Join(" or ", statuses)}, query shows "
                + $"{last?.ToJsonString() ?? "nothing"}\n{server.Tail}",
            Cancel);
        return last!;
    }

    /// <summary>Waits until the first attempt has been answered and the next one is minutes ahead.</summary>
    public async Task UntilWaiting(string gid)
    {
        JsonNode? last = null;
        await Poll.Until(
            async () =>
            {
                last = await Transaction(gid);
                return DateTimeOffset.TryParse(
                    (string?)last?["next_cron_time"], CultureInfo.InvariantCulture, out var due)
                    && due > TimeProvider.System.GetUtcNow().AddMinutes(2);
            },
            Poll.Patience,
            () =>
                $"{gid} shows no next_cron_time minutes ahead, but {last?.ToJsonString() ?? "nothing"}\n{server.Tail}",
            Cancel);
    }

    public void Dispose() => _http.Dispose();
}
