using System.Collections.Immutable;
using System.Globalization;

namespace OrleansDtm.Core;

/// <summary>A step as its submitter gives it.</summary>
public readonly record struct BranchStep(string Action, string Compensate, ReadOnlyMemory<byte> Payload);

/// <summary>Lays out the calls of a submission, in the order DTM lists them.</summary>
public static class BranchPlan
{
    /// <summary>DTM's id of the call of query_prepared and of a workflow's resumption.</summary>
    public const string CallbackId = "00";

    /// <summary>The branches that are known when a transaction of this type is stored; tcc, xa and workflow register theirs later.</summary>
    public static ImmutableArray<BranchOpDefinition> Of(TransactionType type, IEnumerable<BranchStep> steps, DateTimeOffset now) => type switch
    {
        TransactionType.Saga =>
        [
            .. steps.SelectMany((step, i) => new[]
            {
                new BranchOpDefinition(Id(i), BranchOps.Compensate, step.Compensate, step.Payload, now),
                new BranchOpDefinition(Id(i), BranchOps.Action, step.Action, step.Payload, now),
            }),
        ],
        TransactionType.Msg => [.. steps.Select((step, i) => new BranchOpDefinition(Id(i), BranchOps.Action, step.Action, step.Payload, now))],
        _ => [],
    };

    /// <summary>What a tcc, xa or workflow adds when it registers a branch: its calls in the order DTM lists them.</summary>
    public static ImmutableArray<BranchOpDefinition> Registered(
        string branchId, IEnumerable<(string Op, string Url)> calls, ReadOnlyMemory<byte> payload, DateTimeOffset now) =>
        [.. calls.Select(call => new BranchOpDefinition(branchId, call.Op, call.Url, payload, now))];

    /// <summary>A call of a topic becomes one a subscriber, numbered within the step when there are several.</summary>
    /// <param name="branch">The step's call.</param>
    /// <param name="urls">The subscribers; at least one.</param>
    public static IEnumerable<BranchOpDefinition> FanOut(BranchOpDefinition branch, IReadOnlyList<string> urls) =>
        urls.Select((url, i) => branch with { Id = urls.Count == 1 ? branch.Id : $"{branch.Id}-{Id(i)}", Url = url });

    private static string Id(int index) => (index + 1).ToString("D2", CultureInfo.InvariantCulture);
}
