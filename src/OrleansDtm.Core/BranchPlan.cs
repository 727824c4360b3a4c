using System.Collections.Immutable;
using System.Globalization;

namespace OrleansDtm.Core;

/// <summary>A step as its submitter gives it.</summary>
/// <param name="Subscribers">msg: whom a topic's message goes to instead of <paramref name="Action"/>; null = no topic.</param>
public readonly record struct BranchStep(
    string Action,
    string Compensate,
    ReadOnlyMemory<byte> Payload,
    IReadOnlyList<string>? Subscribers = null);

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
        TransactionType.Msg => [.. steps.SelectMany((step, i) => Sends(step, i, now))],
        _ => [],
    };

    /// <summary>What a tcc, xa or workflow adds when it registers a branch: its calls in the order DTM lists them.</summary>
    public static ImmutableArray<BranchDefinition> Registered(
        string branchId, IEnumerable<(string Op, string Url)> calls, ReadOnlyMemory<byte> payload, DateTimeOffset now) =>
        [.. calls.Select(call => new BranchDefinition(branchId, call.Op, call.Url, payload, now))];

    /// <summary>One call a step; a topic's step has one a subscriber, numbered within the step when there are several.</summary>
    private static IEnumerable<BranchDefinition> Sends(BranchStep step, int index, DateTimeOffset now)
    {
        IReadOnlyList<string> urls = step.Subscribers ?? [step.Action];
        return urls.Select((url, j) =>
            new BranchDefinition(urls.Count == 1 ? Id(index) : $"{Id(index)}-{Id(j)}", BranchOps.Action, url, step.Payload, now));
    }

    private static string Id(int index) => (index + 1).ToString("D2", CultureInfo.InvariantCulture);
}
