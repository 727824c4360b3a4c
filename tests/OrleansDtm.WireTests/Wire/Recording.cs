using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace OrleansDtm.WireTests.Wire;

/// <summary>The requests and responses of one run of a scenario, on the reference or in this test.</summary>
public sealed record Recording(IReadOnlyList<JsonNode?> Answers, IReadOnlyList<JsonNode?> Calls);

/// <summary>Replaces values that differ in each run (gids, URLs) by names, and back.</summary>
public sealed partial class WireNames
{
    private static readonly HashSet<string> Volatile = new(StringComparer.Ordinal)
    {
        "id", "version", "next_cron_interval", "owner", "options", "ext_data", "position", "next_position",
        "retry_count",
    };

    private readonly List<(string Name, string Value)> _names = [];

    public string this[string name] => _names.First(n => n.Name == name).Value;

    public void Add(string name, string value) => _names.Add((name, value));

    public string Fill(string text) =>
        _names.Aggregate(text, static (t, n) => t.Replace("{" + n.Name + "}", n.Value, StringComparison.Ordinal));

    public JsonNode? Fill(JsonNode? node) => node switch
    {
        JsonObject o => new JsonObject(o.Select(p => KeyValuePair.Create(Fill(p.Key), Fill(p.Value)))),
        JsonArray a => new JsonArray([.. a.Select(Fill)]),
        JsonValue v when v.TryGetValue<string>(out var text) => Fill(text),
        _ => node?.DeepClone(),
    };

    /// <summary>Replaces values by names and times by one word, and drops fields that differ in each run.</summary>
    public JsonNode? Normal(JsonNode? node) => node switch
    {
        JsonObject o => new JsonObject(
            o.Where(static p => !Volatile.Contains(p.Key)).Select(
                p => KeyValuePair.Create(p.Key, Member(p.Key, p.Value)))),
        JsonArray a => new JsonArray([.. a.Select(Normal)]),
        JsonValue v when v.TryGetValue<string>(out var text) => Name(text),
        _ => node?.DeepClone(),
    };

    private JsonNode? Member(string key, JsonNode? value) =>
        TimeKey().IsMatch(key) && !WireComparer.Empty(value) ? "<time>" : Normal(value);

    private string Name(string text) =>
        _names.Aggregate(text, static (t, n) => t.Replace(n.Value, "{" + n.Name + "}", StringComparison.Ordinal));

    [GeneratedRegex("(_time|_at|At)$")]
    private static partial Regex TimeKey();
}
