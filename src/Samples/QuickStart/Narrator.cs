using System.Diagnostics;
using System.Globalization;
using OrleansDtm.Client;

namespace OrleansDtm.Samples.QuickStart;

/// <summary>Prints the events to the console.</summary>
internal sealed class Narrator
{
    private readonly Lock _lock = new();
    private Stopwatch _clock = Stopwatch.StartNew();

    /// <summary>Starts a part; times are relative to it.</summary>
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

    /// <summary>Wraps the branches: prints each call of the coordinator.</summary>
    public async Task Tell(HttpContext http, RequestDelegate next)
    {
        await next(http);
        var query = http.Request.Query;
        var (branch, op) = (query["branch_id"], query["op"]);
        Say(Text($"branch {branch}  {op,-10}  {http.Request.Path,-19}  ->  {http.Response.StatusCode}"));
    }

    /// <summary>The coordinator's record of the transaction, in the order of completion.</summary>
    public static void Timeline(TransactionInfo transaction)
    {
        Console.WriteLine();
        Console.WriteLine($"  Timeline of {transaction.Gid}, as the coordinator recorded it");
        Line(transaction, transaction.Created, "submitted", "");

        // Stable: with equal times actions are in their order and compensations in reverse.
        var actions = transaction.Branches.Where(branch => branch.Op == BranchOps.Action);
        var compensations = transaction.Branches.Where(branch => branch.Op != BranchOps.Action).Reverse();
        foreach (var branch in actions.Concat(compensations)
            .Where(branch => branch.Status != "prepared")
            .OrderBy(branch => branch.Finished ?? DateTimeOffset.MaxValue))
        {
            Line(
                transaction,
                branch.Finished,
                $"{branch.Op,-10}  {branch.BranchId}  {new Uri(branch.Url).AbsolutePath}",
                branch.Status);
        }

        Line(transaction, transaction.Finished, "finished", transaction.Status.ToString());
        if (transaction.RollbackReason.Length > 0)
        {
            Console.WriteLine($"  Reason: {transaction.RollbackReason}");
        }
    }

    private static void Line(TransactionInfo transaction, DateTimeOffset? at, string what, string status)
    {
        var offset = at - transaction.Created is { } time ? Text($"+{time.TotalMilliseconds,6:0} ms") : "         -";
        Console.WriteLine($"    {offset}  {what,-36}  {status}".TrimEnd());
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
