using System.Collections.Immutable;
using System.Globalization;

namespace OrleansDtm.Core;

/// <summary>A step of a submission: action URL, compensation URL and payload.</summary>
public readonly record struct BranchStep(string Action, string Compensate, ReadOnlyMemory<byte> Payload)
{
    /// <summary>What the step sets for its action; null = nothing.</summary>
    public CallPolicy? Policy { get; init; }

    /// <summary>What the step sets for its compensation; null = nothing.</summary>
    public CallPolicy? CompensatePolicy { get; init; }

    /// <summary>The payload of the compensation; null = <see cref="Payload"/>.</summary>
    public ReadOnlyMemory<byte>? CompensatePayload { get; init; }
}

/// <summary>Builds the branch calls of a submission, in the order in which DTM lists them.</summary>
public static class BranchPlan
{
    /// <summary>DTM's branch id for the query_prepared call and for a workflow's callback.</summary>
    public const string CallbackId = "00";

    /// <summary>
    /// Returns the branch calls that are known when a transaction is created. Empty for tcc, xa and workflow, which
    /// register branches later.
    /// </summary>
    public static ImmutableArray<BranchOpDefinition> Of(
        TransactionType type, IEnumerable<BranchStep> steps, DateTimeOffset now) =>
        type switch
        {
            TransactionType.Saga =>
            [
                .. steps.SelectMany((step, i) => new[]
                {
                    new BranchOpDefinition(
                        Id(i), BranchOps.Compensate, step.Compensate, step.CompensatePayload ?? step.Payload, now)
                    {
                        Policy = step.CompensatePolicy,
                    },
                    new BranchOpDefinition(Id(i), BranchOps.Action, step.Action, step.Payload, now)
                    {
                        Policy = step.Policy,
                    },
                }),
            ],
            TransactionType.Msg => [.. steps.Select(
                (step, i) => new BranchOpDefinition(Id(i), BranchOps.Action, step.Action, step.Payload, now)
                {
                    Policy = step.Policy,
                })],
            _ => [],
        };

    /// <summary>
    /// Returns the calls that a tcc, xa or workflow adds with one branch, in the order in which DTM lists them.
    /// </summary>
    public static ImmutableArray<BranchOpDefinition> Registered(
        string branchId, IEnumerable<(string Op, string Url)> calls, ReadOnlyMemory<byte> payload,
        DateTimeOffset now) =>
        [.. calls.Select(call => new BranchOpDefinition(branchId, call.Op, call.Url, payload, now))];

    /// <summary>
    /// Replaces a call to a topic by one call for each subscriber. Several subscribers are numbered within the step.
    /// </summary>
    /// <param name="branch">The step's call.</param>
    /// <param name="urls">The subscribers; at least one.</param>
    public static IEnumerable<BranchOpDefinition> FanOut(BranchOpDefinition branch, IReadOnlyList<string> urls) =>
        urls.Select((url, i) => branch with { Id = urls.Count == 1 ? branch.Id : $"{branch.Id}-{Id(i)}", Url = url });

    private static string Id(int index) => (index + 1).ToString("D2", CultureInfo.InvariantCulture);
}
