using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace OrleansDtm.Samples.QuickStart;

/// <summary>Tells on the console what happens.</summary>
internal sealed class Narrator
{
    private readonly Lock _lock = new();
    private Stopwatch _clock = Stopwatch.StartNew();

    /// <summary>Begins a part; times are counted from here.</summary>
    public void Begin(string title)
    {
        Console.WriteLine();
        Console.WriteLine(title);
        Console.WriteLine(new string('-', title.Length));
        _clock = Stopwatch.StartNew();
    }

    public void Say(string text)
    {
        lock (_lock)
        {
            Console.WriteLine(Text($"  +{_clock.Elapsed.TotalMilliseconds,6:0} ms  {text}"));
        }
    }

    /// <summary>A call of the coordinator to the bank.</summary>
    public void Called(Call call, string path, int status, string words) =>
        Say(Text($"branch {call.BranchId}  {call.Op,-10}  {path,-19}  ->  {status}  {words}"));

    public static string Words(Effect effect, string account, long change, long balance) => effect switch
    {
        Effect.Applied => Text($"{account} {change:+0;-0} = {balance}"),
        Effect.AlreadyDone => Text($"done before, {account} stays {balance}"),
        Effect.NothingToUndo => Text($"nothing to undo, {account} stays {balance}"),
        Effect.TooLate => Text($"compensated already, {account} stays {balance}"),
        _ => Text($"refused: {account} is frozen or holds too little, it stays {balance}"),
    };

    /// <summary>How the coordinator itself tells the story: the rows of query, in the order in which they were finished.</summary>
    public static void Timeline(JsonElement outcome)
    {
        var transaction = outcome.GetProperty("transaction");
        var begin = Time(transaction, "create_time");
        Console.WriteLine();
        Console.WriteLine($"  Timeline of {transaction.GetProperty("gid").GetString()}, as the coordinator recorded it");
        Line(begin, begin, "submitted", "");
        // Stable: where the times are equal, actions come in their order and compensations in the reverse.
        var rows = outcome.GetProperty("branches").EnumerateArray().ToArray();
        var actions = rows.Where(r => Is(r, "op", "action"));
        var called = actions.Concat(rows.Reverse().Where(r => !Is(r, "op", "action"))).Where(r => !Is(r, "status", "prepared"));
        foreach (var row in called.OrderBy(r => Time(r, "finish_time") ?? DateTimeOffset.MaxValue))
        {
            var what = $"{row.GetProperty("op").GetString(),-10}  {row.GetProperty("branch_id").GetString()}  {new Uri(row.GetProperty("url").GetString()!).AbsolutePath}";
            Line(begin, Time(row, "finish_time"), what, row.GetProperty("status").GetString()!);
        }

        var end = Time(transaction, "finish_time") ?? Time(transaction, "rollback_time");
        Line(begin, end, "finished", transaction.GetProperty("status").GetString()!);
        if (transaction.TryGetProperty("rollback_reason", out var reason) && !string.IsNullOrEmpty(reason.GetString()))
        {
            Console.WriteLine($"  Reason: {reason.GetString()}");
        }
    }

    private static void Line(DateTimeOffset? begin, DateTimeOffset? at, string what, string status)
    {
        var offset = begin is { } b && at is { } a ? Text($"+{(a - b).TotalMilliseconds,6:0} ms") : "         -";
        Console.WriteLine($"    {offset}  {what,-36}  {status}".TrimEnd());
    }

    private static bool Is(JsonElement row, string name, string value) => row.GetProperty(name).ValueEquals(value);

    private static DateTimeOffset? Time(JsonElement row, string name) =>
        row.TryGetProperty(name, out var value)
        && DateTimeOffset.TryParse(value.GetString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time
            : null;

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
