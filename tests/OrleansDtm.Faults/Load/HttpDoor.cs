using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace OrleansDtm.Faults.Load;

/// <summary>A client of the HTTP API.</summary>
/// <param name="silo">The silo's name.</param>
/// <param name="address">Host and port.</param>
/// <param name="branches">The address of the branches.</param>
internal sealed class HttpDoor(string silo, string address, BranchAddress branches) : IDoor, IDisposable
{
    private static readonly JsonSerializerOptions Said = new()
    {
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
    };

    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        ConnectTimeout = TimeSpan.FromSeconds(2),
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(20),
    })
    {
        BaseAddress = new Uri($"http://{address}/api/dtmsvr/"),
        Timeout = TimeSpan.FromSeconds(12),
    };

    public string Silo => silo;

    public async Task<Heard> Say(TransactionPlan plan, string word, bool wait)
    {
        var method = Bodies.Method(word);
        var body = method == "registerBranch"
            ? Register(plan, word)
            : JsonSerializer.Serialize(Bodies.Http(plan, word, wait, branches), Said);
        var isProgress = plan.Type == "workflow" && word == "prepare";
        try
        {
            using var content = new StringContent(body, Encoding.UTF8, "application/json");
            using var answer = await _http.PostAsync(
                new Uri(isProgress ? "prepareWorkflow" : method, UriKind.Relative), content);
            var text = await answer.Content.ReadAsStringAsync();
            var code = (int)answer.StatusCode;
            return code == 200 && isProgress
                ? new Heard(code, "", Read(text))
                : new Heard(code == 503 ? 0 : code, text);
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException or IOException
            or System.Net.Sockets.SocketException)
        {
            return new Heard(0, e.GetType().Name);
        }
    }

    /// <summary>Returns the whole response of /query; null = the request failed.</summary>
    public async Task<JsonObject?> Query(string gid)
    {
        try
        {
            var text = await _http.GetStringAsync(new Uri($"query?gid={gid}", UriKind.Relative));
            return JsonNode.Parse(text)!.AsObject();
        }
        catch (Exception e)
            when (e is HttpRequestException or TaskCanceledException or System.Net.Sockets.SocketException)
        {
            return null;
        }
    }

    public void Dispose() => _http.Dispose();

    private string Register(TransactionPlan plan, string word) => JsonSerializer.Serialize(
        new Dictionary<string, string>(Bodies.Register(plan, word, branches))
        {
            ["gid"] = plan.Gid,
            ["trans_type"] = plan.Type,
            ["branch_id"] = BranchAddress.Id(Bodies.Branch(word)),
            ["data"] = Bodies.Data(plan, word),
        });

    private static Progress Read(string text)
    {
        var view = JsonSerializer.Deserialize<JsonObject>(text)!;
        var done = view["progresses"]!.AsArray().Select(static p => (string)p!["branch_id"]!);
        return new Progress((string)view["transaction"]!["status"]!, done.ToHashSet(StringComparer.Ordinal));
    }
}
