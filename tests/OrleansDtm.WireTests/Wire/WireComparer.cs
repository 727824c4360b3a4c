using System.Text.Json.Nodes;
using OrleansDtm.Tests.Support.Wire;

namespace OrleansDtm.WireTests.Wire;

/// <summary>
/// Compares a run with its recording. A response may have more keys than recorded, but not fewer or other values. A
/// message must exist where it was recorded, but its text may differ. The calls of branches must be the same, in the
/// same order unless the scenario is unordered.
/// </summary>
public static class WireComparer
{
    /// <returns>A description of the first difference; null = none.</returns>
    public static string? Compare(JsonNode scenario, Recording want, Recording got)
    {
        for (var i = 0; i < Math.Min(want.Answers.Count, got.Answers.Count); i++)
        {
            var statuses = scenario["accept"]?[$"{i}"]?["status"]?.AsArray();
            if (statuses?.Any(s => JsonNode.DeepEquals(s, got.Answers[i]?["status"])) == true)
            {
                // A known defect of the reference. The scenario names the status that this project returns instead.
                continue;
            }

            if (Differ(want.Answers[i], got.Answers[i], $"answer {i}") is { } difference)
            {
                return difference;
            }
        }

        // In a loose scenario the number of retries depends on timing.
        return (bool?)scenario["loose"] == true
            ? null
            : CompareCalls(want.Calls, got.Calls, (bool?)scenario["unordered"] == true);
    }

    /// <summary>Returns true for false, zero, null and empty values.</summary>
    public static bool Empty(JsonNode? node) => node switch
    {
        null => true,
        JsonObject o => o.Count == 0,
        JsonArray a => a.Count == 0,
        _ => node.ToJsonString() is "\"\"" or "0" or "false",
    };

    private static string? Differ(JsonNode? want, JsonNode? got, string where) => (want, got) switch
    {
        (JsonObject w, JsonObject g) => DifferInMembers(w, g, where),
        (JsonArray w, JsonArray g) when w.Count != g.Count =>
            $"{where} has {g.Count} items, recorded {w.Count}: {Show(got)}",
        (JsonArray w, JsonArray g) =>
            w.Zip(g).Select((p, i) => Differ(p.First, p.Second, $"{where}[{i}]")).FirstOrDefault(
                static d => d is not null),
        _ when NothingSaid(want) && NothingSaid(got) => null,
        _ => JsonNode.DeepEquals(want, got) ? null : $"{where} is {Show(got)}, recorded {Show(want)}",
    };

    private static string? DifferInMembers(JsonObject want, JsonObject got, string where)
    {
        foreach (var (key, value) in want)
        {
            if (!got.TryGetPropertyValue(key, out var other))
            {
                if (value is JsonValue && !NothingSaid(value) || !Empty(value))
                {
                    return $"{where}.{key} is missing (recorded: {Show(value)})";
                }

                continue;
            }

            if (key is "message" or "rollback_reason" && !Empty(value))
            {
                if (Empty(other))
                {
                    return $"{where}.{key} is empty";
                }

                continue;
            }

            if (Differ(value, other, $"{where}.{key}") is { } difference)
            {
                return difference;
            }
        }

        return null;
    }

    private static string? CompareCalls(IReadOnlyList<JsonNode?> want, IReadOnlyList<JsonNode?> got, bool unordered)
    {
        if (want.Count != got.Count)
        {
            var list = string.Join(' ', got.Select(static c => $"{c!["method"]} {c["path"]}?op={c["query"]!["op"]}"));
            return $"{got.Count} branch calls, recorded {want.Count}: {list}";
        }

        if (unordered)
        {
            want = [.. want.OrderBy(SortKey, StringComparer.Ordinal)];
            got = [.. got.OrderBy(SortKey, StringComparer.Ordinal)];
        }

        return want.Zip(got)
            .Select(static (p, i) => CompareCall(p.First!, p.Second!, $"branch call {i}"))
            .FirstOrDefault(static d => d is not null);
    }

    private static string? CompareCall(JsonNode want, JsonNode got, string where)
    {
        foreach (var part in new[] { "method", "path", "query", "body" })
        {
            if (!JsonNode.DeepEquals(want[part], got[part])
                && !(part == "body" && SameJson((string)want[part]!, (string)got[part]!)))
            {
                return $"{where}: {part} is {Show(got[part])}, recorded {Show(want[part])}";
            }
        }

        foreach (var (name, value) in want["headers"]!.AsObject())
        {
            var header = (string?)got["headers"]![name] ?? "";
            if (header.Split(';')[0] != ((string)value!).Split(';')[0])
            {
                return $"{where}: header {name} is '{header}', recorded '{value}'";
            }
        }

        return null;
    }

    private static bool SameJson(string want, string got) => want == got || JsonNode.DeepEquals(Json(want), Json(got));

    private static JsonNode? Json(string body) =>
        body is "" or "null" ? null : Answer.Parse(body) ?? new JsonObject { ["<text>"] = body };

    private static bool NothingSaid(JsonNode? node) =>
        node is null || (node is JsonValue v && v.TryGetValue<string>(out var text) && text.Length == 0);

    private static string SortKey(JsonNode? call)
    {
        var query = call!["query"]!
            .AsObject()
            .OrderBy(static q => q.Key, StringComparer.Ordinal)
            .Select(static q => $"{q.Key}={q.Value}");
        return $"{call["body"]}\n{call["method"]}\n{call["path"]}\n{string.Join('&', query)}";
    }

    private static string Show(JsonNode? node) =>
        node?.ToJsonString() is { } text ? text[..Math.Min(text.Length, 300)] : "null";
}
