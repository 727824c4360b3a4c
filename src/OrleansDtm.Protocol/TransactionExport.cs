using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrleansDtm.Protocol;

/// <summary>A transaction as one line of a CSV or JSON lines export, without payloads. Times are in UTC.</summary>
public sealed class TransactionExport
{
    /// <summary>A spreadsheet takes a cell that starts with one of these for a formula.</summary>
    private static readonly SearchValues<char> Formula = SearchValues.Create("=+-@\t\r\n＝＋－＠");

    private static readonly SearchValues<char> Quoted = SearchValues.Create("\",;\r\n");

    [JsonPropertyName("gid")]
    public required string Gid { get; init; }

    /// <summary>Null = the default one.</summary>
    [JsonPropertyName("namespace"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Namespace { get; init; }

    [JsonPropertyName("trans_type")]
    public required string TransType { get; init; }

    [JsonPropertyName("status")]
    public required string Status { get; init; }

    /// <summary>A call is put aside.</summary>
    [JsonPropertyName("parked")]
    public bool Parked { get; init; }

    [JsonPropertyName("create_time")]
    public required DateTime CreateTime { get; init; }

    [JsonPropertyName("update_time")]
    public required DateTime UpdateTime { get; init; }

    /// <summary>When it succeeded or its rollback was complete; null = unfinished.</summary>
    [JsonPropertyName("end_time"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTime? EndTime { get; init; }

    /// <summary>Why it has not ended; null = it has. See <see cref="WaitingView.Reason"/>.</summary>
    [JsonPropertyName("waiting"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Waiting { get; init; }

    /// <summary>The call that it waits for; null = none.</summary>
    [JsonPropertyName("branch_id"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? BranchId { get; init; }

    [JsonPropertyName("op"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Op { get; init; }

    [JsonPropertyName("service"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Service { get; init; }

    [JsonPropertyName("attempts")]
    public int Attempts { get; init; }

    /// <summary>When it goes on by itself; null = it does not, or has ended.</summary>
    [JsonPropertyName("next_time"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTime? NextTime { get; init; }

    [JsonPropertyName("last_error"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? LastError { get; init; }

    [JsonPropertyName("rollback_reason"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? RollbackReason { get; init; }

    [JsonPropertyName("tags"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? Tags { get; init; }

    /// <summary>The first line of a CSV export.</summary>
    public static string CsvHeader => "gid,namespace,trans_type,status,parked,create_time,update_time,end_time,waiting,"
        + "branch_id,op,service,attempts,next_time,last_error,rollback_reason,tags";

    /// <summary>The last line of a CSV export that does not have all transactions.</summary>
    public static string CsvCut(int limit) => Cell($"(only the newest {limit}; more match)")
        + new string(',', CsvHeader.Count(static c => c == ','));

    /// <summary>The same of JSON lines.</summary>
    public static string JsonCut(int limit) =>
        string.Create(CultureInfo.InvariantCulture, $$"""{"truncated":true,"limit":{{limit}}}""");

    public static TransactionExport Of(TransactionView view)
    {
        ArgumentNullException.ThrowIfNull(view);
        var waiting = view.Waiting;
        return new TransactionExport
        {
            Gid = view.Gid,
            Namespace = view.Namespace,
            TransType = view.TransType,
            Status = view.Status,
            Parked = view.Parked,
            CreateTime = view.CreateTime,
            UpdateTime = view.UpdateTime,
            EndTime = view.FinishTime ?? view.RollbackTime,
            Waiting = waiting?.Reason,
            BranchId = waiting?.BranchId,
            Op = waiting?.Op,
            Service = waiting?.Service,
            Attempts = waiting?.Attempts ?? 0,
            NextTime = waiting?.Until,
            LastError = waiting?.LastError,
            RollbackReason = view.RollbackReason,
            Tags = view.Tags,
        };
    }

    /// <summary>A line of a CSV file (RFC 4180), without its end. No cell is a formula.</summary>
    public string ToCsv() => string.Join(
        ',',
        Cell(Gid),
        Cell(Namespace),
        TransType,
        Status,
        Parked ? "true" : "false",
        Time(CreateTime),
        Time(UpdateTime),
        Time(EndTime),
        Waiting ?? "",
        Cell(BranchId),
        Cell(Op),
        Cell(Service),
        Attempts.ToString(CultureInfo.InvariantCulture),
        Time(NextTime),
        Cell(LastError),
        Cell(RollbackReason),
        Cell(Tags is null ? "" : string.Join(';', Tags.Select(static tag => $"{tag.Key}:{tag.Value}"))));

    /// <summary>A JSON object on one line.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, ProtocolJson.Readable.TransactionExport);

    /// <summary>A cell; quoted if needed, with an apostrophe in front of what a spreadsheet would calculate.</summary>
    private static string Cell(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return "";
        }

        var start = text.AsSpan().TrimStart(' ');
        var isFormula = start.Length > 0 && Formula.Contains(start[0]);
        if (!isFormula && !text.AsSpan().ContainsAny(Quoted))
        {
            return text;
        }

        var cell = new StringBuilder("\"");
        return cell.Append(isFormula ? "'" : "")
            .Append(text.Replace("\"", "\"\"", StringComparison.Ordinal))
            .Append('"')
            .ToString();
    }

    private static string Time(DateTime? time) =>
        time?.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture) ?? "";
}
