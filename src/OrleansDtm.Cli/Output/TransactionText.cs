using System.Globalization;
using System.Text;
using System.Text.Json;
using OrleansDtm.Cli.Api;
using OrleansDtm.Protocol;

namespace OrleansDtm.Cli.Output;

/// <summary>
/// A transaction as an operator reads it: why it waits, its steps with their attempts, what can be done.
/// </summary>
/// <param name="transaction">The transaction.</param>
/// <param name="branches">Its calls.</param>
/// <param name="now">The current time (UTC).</param>
/// <param name="isFull">True = payloads and whole errors.</param>
internal sealed class TransactionText(
    TransactionView transaction, IReadOnlyList<BranchView> branches, DateTime now, bool isFull = false)
{
    private const int ErrorMax = 300;

    /// <summary>The branch of query_prepared, which has no effect to resolve.</summary>
    private const string QueryPrepared = "00";

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <summary>The order within a step; a call that undoes comes after what it undoes.</summary>
    private static readonly string[] Ops = ["action", "try", "confirm", "commit", "cancel", "rollback", "compensate"];

    private readonly Waiting _waiting = new(transaction, now);
    private readonly TransactionOptions? _options = Parse(transaction.Options);

    public IEnumerable<Outline> Outlines()
    {
        yield return Head();
        if (branches.Count > 0)
        {
            yield return Steps();
        }

        if (Actions() is { } actions)
        {
            yield return actions;
        }
    }

    private string Command(string verb, string[] arguments, params (string Name, string Value)[] options) =>
        ShellText.Command(
            verb,
            arguments,
            transaction.Namespace is { } space ? [.. options, ("namespace", space)] : options);

    private Outline Head()
    {
        var head = new Outline($"{Style.Plain(transaction.TransType)} {Style.Bold(Words.Clean(transaction.Gid))} "
            + Style.Status(transaction.Status));
        Field("namespace", transaction.Namespace, Style.Plain);
        Field("state", _waiting.Describe(), Style.Plain);
        Field("last error", _waiting.LastError, Style.Bad);
        Field("reason", transaction.RollbackReason, Style.Bad);
        Field("created", Moment(transaction.CreateTime), Style.Plain);
        Field("updated", Moment(transaction.UpdateTime), Style.Plain);
        Field("protocol", transaction.Protocol == "http" ? null : transaction.Protocol, Style.Plain);
        Field("retries", Retries(), Style.Plain);
        Field(
            "tags",
            transaction.Tags is { } tags
                ? string.Join(", ", tags.Select(static tag => $"{tag.Key}:{tag.Value}"))
                : null,
            Style.Plain);
        Field("options", Describe(), Style.Plain);
        Field("query url", transaction.QueryPrepared, Style.Plain);
        Field("data", transaction.CustomData, Style.Plain);
        Field("result", transaction.Result, Style.Plain);
        Field("callback", Callback(), Style.Plain);
        return head;

        void Field(string name, string? value, Func<string, string> style)
        {
            if (!string.IsNullOrEmpty(value))
            {
                head.Add($"{Style.Faint(name.PadRight(12))}{style(Text(value))}");
            }
        }
    }

    private Outline Steps()
    {
        var steps = new Outline(Style.Bold("steps"));
        foreach (var step in branches.GroupBy(static b => b.BranchId))
        {
            var node = steps.Add(Style.Bold(Words.Clean(step.Key)));
            foreach (var call in step.OrderBy(static b => Array.IndexOf(Ops, b.Op)))
            {
                Add(node, call);
            }
        }

        return steps;
    }

    private void Add(Outline step, BranchView call)
    {
        var state = State(call);
        var attempts = call.Attempts == 0 ? "" : Words.Count(call.Attempts, "attempt");
        var node = step.Add(
            $"{Style.Plain(Words.Clean(call.Op).PadRight(12))}{Style.Status(state.PadRight(12))}"
            + $"{attempts.PadRight(13)}{Words.Size(call.BinData?.Length ?? 0).PadRight(8)}"
            + Style.Faint(Words.Clean(call.Url ?? "no url")));
        var history = call.History ?? [];
        if (call.Attempts > history.Count && history.Count > 0)
        {
            node.Add(Style.Faint($"{Words.Count(call.Attempts - history.Count, "earlier attempt")}, not kept"));
        }

        string? previous = null;
        foreach (var attempt in history)
        {
            // The same error again and again would hide the one that differs.
            var error = Text(attempt.Error ?? "");
            var shown = error.Length > 0 && error == previous ? Style.Faint("the same error") : Style.Plain(error);
            previous = error;
            node.Add(
                $"{Words.ClockTime(attempt.Time, now)}  {Style.Status(attempt.Outcome.PadRight(10))}"
                + $"{Words.Milliseconds(attempt.DurationMs),8}  {shown}".TrimEnd());
        }

        if (call.NextRetryTime is { } next && call.Status == "prepared" && !Words.IsFinal(transaction))
        {
            node.Add(Style.Busy($"{Words.ClockTime(next, now)}  next attempt, {Words.Due(next, now)}"));
        }

        if (isFull && call.BinData is { Length: > 0 } payload)
        {
            node.Add($"{Style.Faint("payload")}  {Style.Plain(Payload(payload))}");
        }
    }

    private string State(BranchView call) => call switch
    {
        { Status: "prepared", Attempts: 0 } => "not called",
        { Status: "prepared" } when Words.IsFinal(transaction) => "given up",
        { Status: "prepared", Parked: true } => "put aside",
        { Status: "prepared", NextRetryTime: not null } => "retrying",
        { Status: "prepared", Op: "action" } when transaction.Status == "aborting" => "given up",
        { Status: "prepared" } => "in flight",
        _ => call.Status,
    };

    private Outline? Actions()
    {
        if (Words.IsFinal(transaction))
        {
            return null;
        }

        var actions = new Outline(Style.Bold("what you can do"));
        if (_waiting.Call is { } call)
        {
            Action(
                Command("retry", [transaction.Gid], ("branch", call.BranchId!), ("op", call.Op!)),
                "call it now");
            if (call.BranchId != QueryPrepared)
            {
                Action(
                    Command("resolve", [transaction.Gid, call.BranchId!, call.Op!], ("reason", "TEXT")),
                    "its effect was applied by hand: do not call it again");
            }
        }
        else if (transaction is not { Status: "prepared", TransType: "tcc" or "xa" })
        {
            Action(
                Command("retry", [transaction.Gid]),
                transaction.Status == "prepared" ? "call query_prepared now" : "make the pending calls now");
        }

        Action(
            Command("force-stop", [transaction.Gid], ("reason", "TEXT")),
            "end it as failed, without compensation");
        return actions;

        void Action(string command, string effect) =>
            actions.Add($"{Style.Plain(Words.Clean(command).PadRight(58))}  {Style.Faint(effect)}");
    }

    /// <summary>Null = the retries are not limited.</summary>
    private string? Retries() => _options?.RetryLimit is not > 0 ? null
        : string.Create(CultureInfo.InvariantCulture, $"{transaction.RetryCount} of {_options.RetryLimit} used")
            + (transaction.Status == "submitted" ? "; then it rolls back" : "");

    /// <summary>Of headers only the names: their values may be secrets.</summary>
    private string? Describe()
    {
        if (_options is not { } options)
        {
            return transaction.Options;
        }

        string[] given =
        [
            .. Seconds("timeout_to_fail", options.TimeoutToFail),
            .. Seconds("retry_interval", options.RetryInterval),
            .. Seconds("request_timeout", options.RequestTimeout),
            .. options.WaitResult ? (string[])["wait_result"] : [],
            .. transaction.Concurrent ? (string[])["concurrent"] : [],
            .. options.BranchHeaders is { Count: > 0 } headers
                ? (string[])[$"headers {string.Join(' ', headers.Keys)}"]
                : [],
        ];
        return string.Join(", ", given);

        static IEnumerable<string> Seconds(string name, double? value) => value is null
            ? []
            : [string.Create(CultureInfo.InvariantCulture, $"{name} {value:0.###} s")];
    }

    private static TransactionOptions? Parse(string? options)
    {
        try
        {
            return options is null ? null : JsonSerializer.Deserialize(options, OdtmJson.Default.TransactionOptions);
        }
        catch (JsonException)
        {
            return null; // Of another version: shown as it is.
        }
    }

    private string? Callback() => transaction.Notice is not { } notice
        ? null
        : $"{(notice.Status == "succeed" ? "delivered" : notice.Status == "failed" ? "given up" : "pending")} after "
            + $"{Words.Count(notice.Attempts, "attempt")}{(notice.LastError is { } e ? $": {e}" : "")}";

    private string Moment(DateTime time) => $"{Words.Time(time)}, {Words.Ago(time, now)}";

    private string Text(string text)
    {
        var clean = Words.Clean(text);
        return isFull ? clean : Words.Cut(clean, ErrorMax);
    }

    private static string Payload(byte[] payload)
    {
        try
        {
            return Words.Clean(Strict.GetString(payload));
        }
        catch (DecoderFallbackException)
        {
            return $"base64 {Convert.ToBase64String(payload)}";
        }
    }
}
