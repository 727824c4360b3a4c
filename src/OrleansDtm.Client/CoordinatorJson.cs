using System.Globalization;
using System.Text;
using System.Text.Json;
using OrleansDtm.Protocol;

namespace OrleansDtm.Client;

/// <summary>
/// Reads the coordinator's responses. Tolerant: other coordinators and versions omit fields; missing values are
/// unknown.
/// </summary>
internal static class CoordinatorJson
{
    public static string Gid(byte[] answer) => Read(answer, static root => Text(root, "gid") is { Length: > 0 } gid
        ? gid
        : throw new JsonException("there is no gid in it"));

    /// <summary>Null = there is no such transaction.</summary>
    public static TransactionInfo? Query(byte[] answer, string gid) => Read(answer, root =>
        TryFind(root, "transaction", out var transaction) && transaction.ValueKind == JsonValueKind.Object
            ? Info(transaction, gid, [.. Items(root, "branches").Select(Branch)])
            : null);

    /// <summary>The results in the response of a submit that waits.</summary>
    public static StepAnswer[] Results(byte[] answer) => Read(
        answer, static root => Items(root, "results").Select(Result).OfType<StepAnswer>().ToArray());

    public static WorkflowProgress Progress(byte[] answer) => Read(answer, static root =>
    {
        var transaction = TryFind(root, "transaction", out var found)
            ? found
            : throw new JsonException("there is no transaction in it");
        return new WorkflowProgress(
            Status(Text(transaction, "status")),
            Text(transaction, "rollback_reason"),
            Convert.FromBase64String(Text(transaction, "result")),
            Begun(Text(transaction, "custom_data")),
            [.. Items(root, "progresses").Select(static item =>
                RecordedStep.Of(Text(item, "branch_id"), Text(
                    item, "op"), Text(item, "status"), BinaryText.Read(Data(item)))).OfType<RecordedStep>()]);
    });

    /// <summary>Name and input of a workflow; null = unknown.</summary>
    /// <param name="customData">As its first submitter wrote it; may be empty.</param>
    /// <exception cref="JsonException">It is not the JSON of a workflow.</exception>
    public static (string Name, byte[] Input)? Begun(string customData)
    {
        var custom = customData.Length > 0
            ? JsonSerializer.Deserialize(customData, ProtocolJson.Default.WorkflowCustomData)
            : null;
        return custom?.Name is { Length: > 0 } name ? (name, custom.Data ?? []) : null;
    }

    public static TransactionPage Page(byte[] answer) => Read(answer, static root =>
    {
        var next = Text(root, "next_position");
        return new TransactionPage(
            [.. Items(root, "transactions").Select(static t => Info(t, "", []))], next.Length > 0 ? next : null);
    });

    public static IReadOnlyList<TopicSubscriber> Subscribers(byte[] answer) => Read(answer, static root =>
    {
        var value = Items(root, "kv").Select(static row => Text(row, "v")).FirstOrDefault(static v => v.Length > 0);
        if (value is null)
        {
            return [];
        }

        using var list = JsonDocument.Parse(value);
        return list.RootElement.EnumerateArray()
            .Select(static s => new TopicSubscriber(Text(s, "url"), Text(s, "remark")))
            .ToArray();
    });

    public static string Word(GlobalStatus status) => status switch
    {
        GlobalStatus.Prepared => "prepared",
        GlobalStatus.Submitted => "submitted",
        GlobalStatus.Aborting => "aborting",
        GlobalStatus.Succeeded => "succeed",
        GlobalStatus.Failed => "failed",
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "Unknown status."),
    };

    /// <summary>Empty when it is missing or not text.</summary>
    public static string Text(JsonElement item, string name) =>
        TryFind(item, name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    /// <summary>The exact name first; then in any case, as DTM reads JSON.</summary>
    private static bool TryFind(JsonElement item, string name, out JsonElement value)
    {
        if (item.TryGetProperty(name, out value))
        {
            return true;
        }

        foreach (var property in item.EnumerateObject())
        {
            if (string.Equals(property.Name, name, StringComparison.OrdinalIgnoreCase))
            {
                value = property.Value;
                return true;
            }
        }

        return false;
    }

    private static TransactionInfo Info(JsonElement item, string gid, IReadOnlyList<BranchInfo> branches)
    {
        var status = Status(Text(item, "status"));
        var ended = status is GlobalStatus.Succeeded or GlobalStatus.Failed;
        return new TransactionInfo
        {
            Gid = Text(item, "gid") is { Length: > 0 } own ? own : gid,
            TransType = Text(item, "trans_type"),
            Status = status,
            Created = Time(item, "create_time"),
            Updated = Time(item, "update_time"),
            Finished = ended
                ? Time(item, "finish_time") ?? Time(item, "rollback_time") ?? Time(item, "update_time")
                : null,
            NextRetry = ended ? null : Time(item, "next_cron_time"),
            RollbackReason = Text(item, "rollback_reason"),
            Result = Text(item, "result"),
            CustomData = Text(item, "custom_data"),
            Parked = Flag(item, "parked"),
            Tags = Tags(item),
            Branches = branches,
        };
    }

    private static Dictionary<string, string> Tags(JsonElement item) =>
        TryFind(item, "tags", out var tags) && tags.ValueKind == JsonValueKind.Object
            ? tags.EnumerateObject().ToDictionary(static tag => tag.Name, static tag => tag.Value.GetString() ?? "")
            : [];

    private static BranchInfo Branch(JsonElement item) => new()
    {
        BranchId = Text(item, "branch_id"),
        Op = Text(item, "op"),
        Url = Text(item, "url"),
        Payload = Data(item),
        Status = Text(item, "status"),
        Attempts = TryFind(item, "attempts", out var attempts) ? attempts.GetInt32() : 0,
        LastError = Text(item, "last_error") is { Length: > 0 } error ? error : null,
        Finished = Time(item, "finish_time"),
        Parked = Flag(item, "parked"),
        Result = Result(item),
    };

    /// <summary>Null = there is none.</summary>
    private static StepAnswer? Result(JsonElement item)
    {
        var id = Text(item, "branch_id");
        return Text(item, "result_omitted") is { Length: > 0 } why ? new StepAnswer(id, default, why)
            : TryFind(item, "bin_result", out var bytes) && bytes.ValueKind == JsonValueKind.String
            ? new StepAnswer(id, bytes.GetBytesFromBase64())
            : TryFind(item, "result", out var text) && text.ValueKind == JsonValueKind.String
            ? new StepAnswer(id, Encoding.UTF8.GetBytes(text.GetString()!))
            : null;
    }

    private static bool Flag(JsonElement item, string name) =>
        TryFind(item, name, out var value) && value.ValueKind == JsonValueKind.True;

    private static byte[] Data(JsonElement item) =>
        TryFind(item, "bin_data", out var data) && data.ValueKind == JsonValueKind.String
            ? data.GetBytesFromBase64()
            : [];

    internal static GlobalStatus Status(string word) => word switch
    {
        "prepared" => GlobalStatus.Prepared,
        "submitted" => GlobalStatus.Submitted,
        "aborting" => GlobalStatus.Aborting,
        "succeed" => GlobalStatus.Succeeded,
        "failed" => GlobalStatus.Failed,
        _ => GlobalStatus.Unknown,
    };

    private static DateTimeOffset? Time(JsonElement item, string name) =>
        DateTimeOffset.TryParse(
            Text(item, name),
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
            out var time)
            ? time
            : null;

    private static JsonElement[] Items(JsonElement root, string name) =>
        TryFind(root, name, out var list) && list.ValueKind == JsonValueKind.Array ? [.. list.EnumerateArray()] : [];

    private static T Read<T>(byte[] answer, Func<JsonElement, T> read)
    {
        try
        {
            using var json = JsonDocument.Parse(answer);
            return read(json.RootElement);
        }
        catch (Exception e)
            when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new DtmUnavailableException($"The coordinator's response violates DTM's protocol: {e.Message}", e);
        }
    }
}
