using OrleansDtm.Core;
using OrleansDtm.Grains.Service;
using static OrleansDtm.Grains.Service.RequestValidator;

namespace OrleansDtm.Import;

/// <summary>The rules for the branches of each type in DTM's table, and their order in our store.</summary>
internal static class DtmBranchRules
{
    private const string Field = "trans_branch_op";

    /// <summary>DTM never writes this, and the coordinator would neither call nor finish it.</summary>
    private const string NeverFailed = "is failed, which only the action of a saga can be";

    /// <summary>
    /// The branches in our order: for saga, TCC and XA the compensating call of each branch before its action.
    /// </summary>
    /// <param name="type">The pattern.</param>
    /// <param name="rows">In the order of their ids.</param>
    /// <exception cref="RequestException">A branch is missing, or does not belong to this type.</exception>
    public static IReadOnlyList<DtmBranch> Check(TransactionType type, IReadOnlyList<DtmBranch> rows)
    {
        if (rows.Count == 0 && type is (TransactionType.Saga or TransactionType.Msg))
        {
            throw new RequestException(Field, $"has no branches of it, and a {Names.Of(type)} has them from the start");
        }

        return type switch
        {
            TransactionType.Saga => Pairs(type, rows, BranchOps.Compensate, BranchOps.Action),
            TransactionType.Tcc => Pairs(type, rows, BranchOps.Cancel, BranchOps.Confirm),
            TransactionType.Xa => Pairs(type, rows, BranchOps.Rollback, BranchOps.Commit),
            TransactionType.Msg => Messages(rows),
            _ => Results(rows),
        };
    }

    /// <exception cref="RequestException">The status is unknown.</exception>
    public static BranchStatus Status(DtmBranch row) => row.Status switch
    {
        "prepared" => BranchStatus.Prepared,
        "succeed" => BranchStatus.Succeed,
        "failed" => BranchStatus.Failed,
        _ => throw new RequestException(
            Field, $"branch {Name(row)} has the unknown status '{Printable(row.Status)}'"),
    };

    /// <summary>
    /// The steps of a submission that would create these calls, for its checks. The subscribers of a topic count as
    /// steps; branches that were registered later have none.
    /// </summary>
    public static IReadOnlyList<BranchStep> Steps(TransactionType type, IReadOnlyList<BranchOp> calls) => type switch
    {
        TransactionType.Saga =>
        [
            .. calls.Chunk(2).Select(static pair =>
                new BranchStep(pair[1].Definition.Url, pair[0].Definition.Url, pair[1].Definition.Payload)),
        ],
        TransactionType.Msg =>
            [.. calls.Select(static call => new BranchStep(call.Definition.Url, "", call.Definition.Payload))],
        _ => [],
    };

    private static IReadOnlyList<DtmBranch> Messages(IReadOnlyList<DtmBranch> rows)
    {
        foreach (var row in rows)
        {
            Require(row.Op == BranchOps.Action, row, "does not belong to a msg");
            Require(row.Status != "failed", row, NeverFailed);
            Require(!BranchUrlRules.IsTopic(row.Url), row, "goes to a topic instead of to its subscribers");
        }

        return rows;
    }

    private static IReadOnlyList<DtmBranch> Results(IReadOnlyList<DtmBranch> rows)
    {
        foreach (var row in rows)
        {
            Require(
                row.Status is "succeed" or "failed",
                row,
                $"has status '{row.Status}', which a workflow's result cannot have");
        }

        return rows;
    }

    private static List<DtmBranch> Pairs(
        TransactionType type, IReadOnlyList<DtmBranch> rows, string back, string forward)
    {
        var pairs = new List<DtmBranch>(rows.Count);
        foreach (var branch in rows.GroupBy(static row => row.BranchId, StringComparer.Ordinal))
        {
            foreach (var op in new[] { back, forward })
            {
                pairs.Add(branch.Where(row => row.Op == op).ToList() switch
                {
                    [var only] => only,
                    [] => throw new RequestException(Field, $"branch {Printable(branch.Key)} has no {op}"),
                    _ => throw new RequestException(Field, $"branch {Printable(branch.Key)} has more than one {op}"),
                });
            }

            foreach (var row in branch)
            {
                Require(row.Op == back || row.Op == forward, row, $"does not belong to a {Names.Of(type)}");
            }
        }

        foreach (var row in pairs)
        {
            Require(row.Status != "failed" || row.Op == BranchOps.Action, row, NeverFailed);
            if (type != TransactionType.Saga)
            {
                // As for a branch that is registered later: any known form.
                BranchUrlRules.Check(row.Url, "grpc", $"branch {Name(row)}");
            }
        }

        return pairs;
    }

    private static void Require(bool condition, DtmBranch row, string problem)
    {
        if (!condition)
        {
            throw new RequestException(Field, $"branch {Name(row)} {problem}");
        }
    }

    private static string Name(DtmBranch row) => Printable($"{row.BranchId} {row.Op}");
}
