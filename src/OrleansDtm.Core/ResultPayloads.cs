using System.Buffers;
using System.Collections.Immutable;

namespace OrleansDtm.Core;

/// <summary>
/// The payloads of a transaction that keeps results: which results a call may use, and the payload with them.
/// </summary>
internal static class ResultPayloads
{
    /// <summary>Checks the references of all payloads.</summary>
    /// <param name="pattern">The pattern of the transaction.</param>
    /// <param name="options">Its options.</param>
    /// <param name="branches">Its calls.</param>
    /// <returns>What is wrong, for the submitter; null = nothing.</returns>
    public static string? Problem(
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
            foreach (var reference in references)
            {
                problem ??= Problem(pattern, options, branches, actions, i, reference.BranchId);
            }

            if (problem is not null)
            {
                var field = branches[i].Op == BranchOps.Compensate ? "compensation" : "action";
                return $"payloads: {field} of step {branches[i].Id}: {problem}";
            }
        }

        return null;
    }

    /// <summary>Returns the payload of a call with the results in it.</summary>
    /// <param name="draft">The transaction, which keeps results.</param>
    /// <param name="branch">The call.</param>
    /// <param name="problem">Why a result is missing; null = the payload is complete.</param>
    public static ReadOnlyMemory<byte> Fill(Draft draft, BranchOpDefinition branch, out string? problem)
    {
        problem = null;
        var references = ResultReferences.Find(branch.Payload.Span, out _);
        return references.IsEmpty
            ? branch.Payload
            : ResultReferences.Fill(
                branch.Payload, references, (reference, into) => Write(draft, branch, reference, into), out problem);
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

    private static string? Write(
        Draft draft, BranchOpDefinition branch, ResultReference reference, IBufferWriter<byte> into)
    {
        for (var i = 0; i < draft.Count; i++)
        {
            var source = draft[i];
            if (source.Definition.Op != BranchOps.Action || source.Definition.Id != reference.BranchId)
            {
                continue;
            }

            if (source.Status != BranchStatus.Succeed && branch.Op == BranchOps.Compensate)
            {
                // The action that is compensated may have had no effect: the service must accept that anyway.
                into.Write("null"u8);
                return null;
            }

            var missing = source.Result is not { } result ? "is missing: it was resolved by hand, or its service runs "
                    + "with an earlier version"
                : result.Omitted is { } why ? $"was not kept: {why}"
                : ResultReferences.Pick(result.Body, reference.Pointer, into);
            return missing is null ? null : $"the result of step {reference.BranchId} {missing}";
        }

        return $"there is no step {reference.BranchId}";
    }
}
