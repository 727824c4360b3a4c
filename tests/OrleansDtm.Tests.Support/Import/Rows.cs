using System.Text;
using OrleansDtm.Core;
using OrleansDtm.Grains;
using OrleansDtm.Import;
using Xunit;

namespace OrleansDtm.Tests.Support.Import;

/// <summary>Builds DTM's rows, and the transactions that the import makes of them.</summary>
internal static class Rows
{
    public static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public static DateTimeOffset Ago(double seconds) => Now.AddSeconds(-seconds);

    /// <summary>
    /// Builds a row that was created 20 s ago and is due now. DTM writes "concurrent" into all options.
    /// </summary>
    public static DtmTransaction Transaction(string type, string status) => new()
    {
        Gid = "g1",
        Type = type,
        Status = status,
        Protocol = "http",
        Options = """{"concurrent":false}""",
        QueryPrepared = type is "msg" or "workflow" ? "http://app/query" : "",
        CustomData = type == "workflow" ? """{"name":"wf1","data":"aGVsbG8="}""" : "",
        Created = Ago(20),
        Updated = Ago(10),
        NextTry = Now,
        NextInterval = 10,
    };

    /// <param name="text">Branches as "01 compensate prepared, 01 action succeed, ...".</param>
    public static IReadOnlyList<DtmBranch> Branches(string text) =>
    [
        .. text.Split(", ", StringSplitOptions.RemoveEmptyEntries)
            .Select(static branch => branch.Split(' '))
            .Select(static parts => new DtmBranch
            {
                Gid = "g1",
                BranchId = parts[0],
                Op = parts[1],
                Status = parts[2],
                Url = $"http://app/{parts[1]}{parts[0]}",
                Data = Encoding.UTF8.GetBytes($$"""{"branch":"{{parts[0]}}"}"""),
                Created = Ago(20),
                Finished = parts[2] == "prepared" ? null : Ago(15),
            }),
    ];

    /// <summary>Builds a saga's branches from the statuses of its steps, compensate/action.</summary>
    public static IReadOnlyList<DtmBranch> Saga(params string[] steps) =>
        Branches(string.Join(", ", steps.Select(static (step, i) =>
            $"{i + 1:D2} compensate {step.Split('/')[0]}, {i + 1:D2} action {step.Split('/')[1]}")));

    public static Transaction Map(DtmTransaction row, IReadOnlyList<DtmBranch> branches)
    {
        var mapped = new DtmMapper(new RequestOptions()).Map(row, branches, Now);
        Assert.Equal((1, null, false), (mapped.Version, mapped.LeaseUntil, mapped.HasInFlight));
        if (mapped.WakeAt is { } due)
        {
            // A due time without work would be due again at once, in an endless loop.
            Assert.True(due >= Now, $"due at {due}");
            Assert.NotSame(mapped, TransactionMachine.Decide(mapped, TransactionEvent.TimeDue.Instance, due).Next);
        }

        return mapped;
    }

    /// <summary>
    /// Returns all further calls if each succeeds, and the final status: "02 compensate, 01 compensate: failed".
    /// </summary>
    public static string Story(Transaction mapped)
    {
        List<string> calls = [];
        var now = mapped.WakeAt!.Value;
        var decision = TransactionMachine.Decide(mapped, TransactionEvent.TimeDue.Instance, now);
        var queue = new Queue<BranchCall>(decision.Calls);
        while (queue.TryDequeue(out var call))
        {
            calls.Add($"{call.Branch.Id} {call.Branch.Op}");
            decision = TransactionMachine.Decide(
                decision.Next, new TransactionEvent.BranchAnswered(call.Index, Outcome.Succeeded, TimeSpan.Zero), now);
            foreach (var next in decision.Calls)
            {
                queue.Enqueue(next);
            }
        }

        return $"{string.Join(", ", calls)}: {Names.Of(decision.Next!.Status)}";
    }
}
