using OrleansDtm.Core;

namespace OrleansDtm.Storage;

/// <summary>
/// A transaction as a listing returns it, without payloads and results: a page of them could fill the memory.
/// </summary>
internal static class ListedRow
{
    public static StoredTransaction Of(StoredTransaction stored) =>
        stored with
        {
            Transaction = stored.Transaction with
            {
                Branches = [.. stored.Transaction.Branches.Select(WithoutPayload)],
            },
        };

    private static BranchOp WithoutPayload(BranchOp branch) =>
        branch with
        {
            Definition = branch.Definition with { Payload = ReadOnlyMemory<byte>.Empty },
            Result = null,
        };
}
