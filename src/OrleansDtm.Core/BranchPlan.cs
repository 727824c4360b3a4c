using System.Collections.Immutable;
using System.Globalization;

namespace OrleansDtm.Core;

/// <summary>A step as its submitter gives it.</summary>
public readonly record struct BranchStep(string Action, string Compensate, ReadOnlyMemory<byte> Payload);

/// <summary>Lays out the calls of a submission, in the order DTM lists them.</summary>
public static class BranchPlan
{
    /// <summary>The branches that are known when a transaction of this type is stored; tcc, xa and workflow register theirs later.</summary>
    public static ImmutableArray<BranchDefinition> Of(TransactionType type, IEnumerable<BranchStep> steps, DateTimeOffset now) => type switch
    {
        TransactionType.Saga =>
        [
            .. steps.SelectMany((step, i) => new[]
            {
                new BranchDefinition(Id(i), BranchOps.Compensate, step.Compensate, step.Payload, now),
                new BranchDefinition(Id(i), BranchOps.Action, step.Action, step.Payload, now),
            }),
        ],
        TransactionType.Msg =>
        [
            .. steps.Select((step, i) => new BranchDefinition(Id(i), BranchOps.Action, step.Action, step.Payload, now)),
        ],
        _ => [],
    };

    private static string Id(int index) => (index + 1).ToString("D2", CultureInfo.InvariantCulture);
}
