using System.Text.Json.Nodes;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Wire;

/// <summary>
/// Replays the recordings of the reference: sends their requests, answers as their branch service, compares both sides.
/// </summary>
[Collection(SharedServer.Name)]
public sealed class RecordingReplay(RunningServer running)
{
    private static readonly Dictionary<string, JsonNode> Recordings = Load();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names() => [.. Recordings.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task What_goes_over_the_wire_is_what_was_recorded(string name)
    {
        var scenario = Recordings[name]["scenario"]!;
        var recorded = Recordings[name]["recording"]!;
        await using var participant = await Participant.Start();
        var got = await Run(scenario, participant);
        var want = new Recording([.. recorded["answers"]!.AsArray()], [.. recorded["calls"]!.AsArray()]);
        var difference = WireComparer.Compare(scenario, want, got);
        Assert.True(difference is null, difference);
    }

    private async Task<Recording> Run(JsonNode scenario, Participant participant)
    {
        var names = NamesFor(scenario, participant);
        foreach (var (path, replies) in scenario["branches"]?.AsObject() ?? [])
        {
            participant.On(path, [.. replies!.AsArray().Select(static r => ReplyOf(r!))]);
        }

        var answers = new List<JsonNode?>();
        foreach (var step in scenario["steps"]!.AsArray())
        {
            if (step!["sleep"] is { } sleep)
            {
                await Poll.Settle(TimeSpan.FromSeconds((double)sleep), Cancel);
            }
            else if (step["until"] is { } until)
            {
                var gid = names[(string?)step["gid"] ?? "gid"];
                var within = TimeSpan.FromSeconds((double?)step["within"] ?? 20);
                var reached = await running.Dtm.Until(gid, within, [.. until.AsArray().Select(static s => (string)s!)]);
                answers.Add(new JsonObject { ["reached"] = (string?)reached["status"] });
            }
            else if (await Ask(step, names) is { } answer)
            {
                answers.Add(answer);
            }
        }

        await Poll.Settle(TimeSpan.FromSeconds((double?)scenario["settle"] ?? 0.15), Cancel);
        return new Recording(answers, [.. participant.Calls.Select(c => names.Normal(Seen(c)))]);
    }

    /// <returns>The normalized response; null = the scenario ignores it.</returns>
    private async Task<JsonObject?> Ask(JsonNode step, WireNames names)
    {
        var hasBody = step.AsObject().ContainsKey("body");
        var body = names.Fill(step["body"]);
        var text = body is JsonValue v && v.TryGetValue<string>(out var raw) ? raw : body?.ToJsonString();
        var method = new HttpMethod((string?)step["method"] ?? (hasBody ? "POST" : "GET"));
        var answer = await running.Dtm.Send(
            method, names.Fill((string?)step["url"] ?? "{dtm}/" + (string?)step["api"]), text);
        if (step["ignore"] is not null)
        {
            return null;
        }

        var json = names.Normal(
            answer.Json ?? (answer.Text.Trim() == "null" ? null : new JsonObject { ["<text>"] = answer.Text }));
        if (step["keep"] is JsonArray keep && json is JsonObject parts)
        {
            json = new JsonObject(keep.Select(k => KeyValuePair.Create((string)k!, parts[(string)k!]?.DeepClone())));
        }

        return new JsonObject { ["status"] = answer.Status, ["json"] = json };
    }

    private WireNames NamesFor(JsonNode scenario, Participant participant)
    {
        var names = new WireNames();
        names.Add("busi", participant.Url);
        names.Add("dtm", running.Dtm.Api);
        names.Add("server", running.Process.Url);
        foreach (var gid in scenario["gids"]?.AsArray() ?? ["gid"])
        {
            names.Add((string)gid!, SagaBody.NewGid());
        }

        foreach (var topic in scenario["topics"]?.AsArray() ?? [])
        {
            names.Add((string)topic!, "topic-" + Guid.NewGuid().ToString("N")[..12]);
        }

        return names;
    }

    /// <summary>Builds a scripted response: status, body (text or JSON), optional delay in seconds.</summary>
    private static Reply ReplyOf(JsonNode scripted)
    {
        var body = scripted[1] is JsonValue v && v.TryGetValue<string>(out var text)
            ? text
            : scripted[1]?.ToJsonString() ?? "null";
        var reply = new Reply((int)scripted[0]!, body);
        return scripted.AsArray().Count > 2 ? reply with { Delay = TimeSpan.FromSeconds((double)scripted[2]!) } : reply;
    }

    private static JsonObject Seen(Call call) => new()
    {
        ["method"] = call.Method,
        ["path"] = call.Path,
        ["query"] = new JsonObject(call.Query.Select(static q => KeyValuePair.Create(q.Key, (JsonNode?)q.Value))),
        ["headers"] = new JsonObject(
            from name in new[] { "content-type", "x-tenant" }
            where call.Headers.ContainsKey(name)
            select KeyValuePair.Create(name, (JsonNode?)call.Headers[name])),
        ["body"] = call.Body,
    };

    private static Dictionary<string, JsonNode> Load()
    {
        var file = Path.Combine(AppContext.BaseDirectory, "Wire", "recordings.json");
        var all = JsonNode.Parse(File.ReadAllText(file))!["recordings"]!.AsArray();
        return all.ToDictionary(static r => (string)r!["scenario"]!["name"]!, static r => r!);
    }
}
