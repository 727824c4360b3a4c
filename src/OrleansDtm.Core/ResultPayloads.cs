using System.Collections.Immutable;

namespace OrleansDtm.Core;

/// <summary>
/// The payloads of a transaction that keeps results: which results a call may use, and the payload with them.
/// </summary>
public static class ResultPayloads
{
    /// <summary>Returns the branch ids of the actions whose results a payload uses; empty = none.</summary>
    public static IEnumerable<string> UsedBy(ReadOnlyMemory<byte> payload) =>
        ResultReferences.Find(payload.Span, out _).Select(static reference => reference.BranchId).Distinct();

    /// <summary>
    /// Returns the payload of a call with the results in it. Its length is bounded by all results of the transaction,
    /// each once; the same result many times may be too long.
    /// </summary>
    /// <param name="state">The transaction when the call is made; it keeps results.</param>
    /// <param name="branch">The call.</param>
    public static FilledPayload Fill(Transaction state, BranchOpDefinition branch)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(branch);
        var references = ResultReferences.Find(branch.Payload.Span, out _);
        return references.IsEmpty
            ? new FilledPayload(branch.Payload, null)
            : ResultReferences.Fill(
                branch.Payload,
                references,
                id => Find(state, id, branch.Op == BranchOps.Compensate),
                branch.Payload.Length + ((long)state.Definition.Options.ResultBytesMax * StepResult.TotalFactor));
    }

    /// <summary>Returns true if an action that is not done uses the result of another one.</summary>
    internal static bool IsUsed(Draft draft, string branchId)
    {
        for (var i = 0; i < draft.Count; i++)
        {
            if (draft[i] is { Status: BranchStatus.Prepared, Definition: { Op: BranchOps.Action } action }
                && UsedBy(action.Payload).Contains(branchId))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Checks the references of all payloads.</summary>
    /// <param name="pattern">The pattern of the transaction.</param>
    /// <param name="options">Its options.</param>
    /// <param name="branches">Its calls.</param>
    /// <returns>What is wrong, for the submitter; null = nothing.</returns>
    internal static string? Problem(
        Pattern pattern, TransactionOptions options, ImmutableArray<BranchOpDefinition> branches)
    {
        if (options.ResultBytesMax == 0)
        {
            return null;
        }

        Dictionary<string, int> actions = [];
        for (var i = 0; i < branches.Length; i++)
        {
            if (branches[i].Op == BranchOps.Action)
            {
                actions[branches[i].Id] = i;
            }
        }

        for (var i = 0; i < branches.Length; i++)
        {
            var references = ResultReferences.Find(branches[i].Payload.Span, out var problem);
            foreach (var id in references.Select(static reference => reference.BranchId).Distinct())
            {
                problem ??= Problem(pattern, options, branches, actions, i, id);
            }

            if (problem is not null)
            {
                var field = branches[i].Op == BranchOps.Compensate ? "compensation" : "action";
                return $"payloads: {field} of step {branches[i].Id}: {problem}";
            }
        }

        return null;
    }

    private static string? Problem(
        Pattern pattern, TransactionOptions options, ImmutableArray<BranchOpDefinition> branches,
        Dictionary<string, int> actions, int index, string source)
    {
        if (!actions.TryGetValue(source, out var action))
        {
            return $"$result names step {source}, which does not exist";
        }

        if (branches[action].Url.Length == 0)
        {
            return $"$result names step {source}, which calls nothing";
        }

        return pattern.HasResultBefore(options, action, index) ? null
            : action == index ? "$result names the step itself; only its compensation can use its result"
            : $"$result names step {source}, which is not sure to succeed before it";
    }

    private static (ReadOnlyMemory<byte>? Body, string? Problem) Find(
        Transaction state, string branchId, bool isCompensation)
    {
        foreach (var source in state.Branches)
        {
            if (source.Definition.Op == BranchOps.Action && source.Definition.Id == branchId)
            {
                return source.Result switch
                {
                    { Omitted: { } why } => (null, $"was not kept: {why}"),
                    { } result => (result.Body, null),

                    // The action that is compensated may have had no effect, and no answer: the service must accept
                    // that anyway.
                    null when isCompensation => (null, null),
                    null => (null, "is missing"),
                };
            }
        }

        return (null, "is missing: there is no such step");
    }
}
