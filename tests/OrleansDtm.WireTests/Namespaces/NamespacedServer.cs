using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Grpc.Core;
using OrleansDtm.Server.Security.Keys;
using OrleansDtm.Tests.Support.Wire;
using OrleansDtm.WireTests.Security;
using Xunit;

namespace OrleansDtm.WireTests.Namespaces;

/// <summary>A coordinator in this process with keys of several namespaces.</summary>
public sealed class NamespacedServer : SecuredServer
{
    /// <summary>An administrator who is bound to shop.</summary>
    public string Shop { get; } = ApiKey.New();

    /// <summary>An administrator who is bound to crm.</summary>
    public string Crm { get; } = ApiKey.New();

    /// <summary>May submit to every namespace.</summary>
    public string Free { get; } = ApiKey.New();

    /// <summary>May submit to crm and hr, and to the default one.</summary>
    public string Some { get; } = ApiKey.New();

    protected override async Task<string[]> Settings()
    {
        var token = await base.Settings();
        return
        [
            .. token,
            $"--Security:Keys:8={Line("shop-boss", "admin", Shop, "namespace=shop")}",
            $"--Security:Keys:9={Line("crm-boss", "admin", Crm, "namespace=crm")}",
            $"--Security:Keys:10={Line("free", "submit", Free, "namespaces=*")}",
            $"--Security:Keys:11={Line("some", "submit", Some, "namespaces=crm,hr rate=1000")}",
            "--Security:Jwt:NamespaceClaim=spaces",
            "--Limits:NamespaceUnfinishedMax=500",
            "--Limits:Namespaces:0=tiny unfinished=2",
        ];
    }
}

/// <summary>Requests with a key and a namespace.</summary>
internal sealed class NamespaceClient(SecuredServer server, string? key, string? space = null) : IDisposable
{
    private readonly HttpClient _http = new() { BaseAddress = server.Url };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public Metadata Metadata
    {
        get
        {
            var metadata = new Metadata();
            if (key is not null)
            {
                metadata.Add("authorization", "Bearer " + key);
            }

            if (space is not null)
            {
                metadata.Add("x-dtm-namespace", space);
            }

            return metadata;
        }
    }

    public void Dispose() => _http.Dispose();

    public Task<Answer> Get(string pathAndQuery) => Send("GET", pathAndQuery, null);

    public Task<Answer> Post(string api, JsonNode body) => Send("POST", $"/api/dtmsvr/{api}", body);

    public async Task<Answer> Send(string method, string pathAndQuery, JsonNode? body)
    {
        using var request = Request(method, pathAndQuery);
        if (body is not null)
        {
            request.Content = new StringContent(
                body.ToJsonString(), Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        }

        using var answer = await _http.SendAsync(request, Cancel);
        return new Answer((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancel));
    }

    /// <summary>Opens the stream of events.</summary>
    public async Task<StreamReader> Events(string query)
    {
        using var request = Request("GET", "/api/dtmsvr/events" + query);
        var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancel);
        answer.EnsureSuccessStatusCode();
        return new StreamReader(await answer.Content.ReadAsStreamAsync(Cancel));
    }

    public async Task Accept(JsonObject body, string api = "submit")
    {
        var answer = await Post(api, body);
        Assert.True(answer is { Status: 200, Result: "SUCCESS" }, $"{api} answered {answer.Status}: {answer.Text}");
    }

    public async Task<JsonNode?> Transaction(string gid) =>
        (await Get("/api/dtmsvr/query?gid=" + Uri.EscapeDataString(gid))).Json!["transaction"];

    public async Task Until(string status, string gid)
    {
        var last = "";
        await Poll.Until(
            async () => (last = (string?)(await Transaction(gid))?["status"]) == status,
            Poll.Patience,
            () => string.Create(CultureInfo.InvariantCulture, $"{space} {gid} is {last}"),
            Cancel);
    }

    private HttpRequestMessage Request(string method, string pathAndQuery)
    {
        var request = new HttpRequestMessage(new HttpMethod(method), pathAndQuery);
        foreach (var entry in Metadata)
        {
            request.Headers.TryAddWithoutValidation(entry.Key, entry.Value);
        }

        return request;
    }
}
