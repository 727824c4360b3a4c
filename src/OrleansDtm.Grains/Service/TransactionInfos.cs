using OrleansDtm.Abstractions;
using OrleansDtm.Core;

namespace OrleansDtm.Grains.Service;

/// <summary>Converts stored transactions to the contract of Orleans clients.</summary>
internal static class TransactionInfos
{
    public static TransactionInfo Of(Transaction transaction) => new()
    {
        Gid = Namespaces.Plain(transaction.Definition.Gid),
        Type = Names.Of(transaction.Definition.Type),
        Status = transaction.Status switch
        {
            TransactionStatus.Prepared => GlobalStatus.Prepared,
            TransactionStatus.Submitted => GlobalStatus.Submitted,
            TransactionStatus.Aborting => GlobalStatus.Aborting,
            TransactionStatus.Succeed => GlobalStatus.Succeeded,
            TransactionStatus.Failed => GlobalStatus.Failed,
            _ => throw new ArgumentOutOfRangeException(nameof(transaction), transaction.Status, "Unknown status."),
        },
        Created = transaction.Definition.Created,
        Updated = transaction.Updated,
        Finished = transaction.Finished,
        Due = transaction.Due,
        RollbackReason = transaction.RollbackReason,
        Result = transaction.Result,
        RetryCount = transaction.RetryCount,
        Branches = [.. transaction.Branches.Select(b => Of(b) with { Parked = b.Parked && !transaction.IsFinal })],
        Parked = transaction.IsParked,
        Tags = transaction.Definition.Tags.IsEmpty ? null : transaction.Definition.Tags.ToDictionary(),
    };

    /// <summary>Returns the result of a branch that has one.</summary>
    public static StepAnswer Answer(BranchOp branch) => new()
    {
        BranchId = branch.Definition.Id,
        Body = branch.Result!.Body,
        Omitted = branch.Result.Omitted,
    };

    private static BranchInfo Of(BranchOp branch) => new()
    {
        BranchId = branch.Definition.Id,
        Op = branch.Definition.Op,
        Url = branch.Definition.Url,
        Payload = branch.Definition.Payload.ToArray(),
        Status = Names.Of(branch.Status),
        Attempts = branch.Attempts,
        LastError = branch.LastError,
        NextRetry = branch.RetryAt,
        Finished = branch.Finished,
        Result = branch.Result is null ? null : Answer(branch),
    };
}
