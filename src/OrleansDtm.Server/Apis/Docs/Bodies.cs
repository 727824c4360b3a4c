using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace OrleansDtm.Server.Apis.Docs;

// The bodies of requests that are read as something more general: a flat map of strings, or a whole transaction. Only
// their schemas are used.

[Description("Names a transaction.")]
internal record TransactionName
{
    [Required, StringLength(128, MinimumLength = 1), Description("The transaction.")]
    public string? Gid { get; init; }
}

[Description("A transaction to end as failed.")]
internal sealed record StopRequest : TransactionName
{
    [Description("Why; query and the audit log show its first 256 characters. Not in DTM.")]
    public string? Reason { get; init; }
}

[Description("A transaction to roll back.")]
internal sealed record AbortRequest : TransactionName
{
    [Required, AllowedValues("msg", "tcc", "xa", "workflow"), Description("Its pattern.")]
    public string? TransType { get; init; }

    [Description("The reason; cut after 1024 characters.")]
    public string? RollbackReason { get; init; }
}

[Description("Names one call of a branch.")]
internal record BranchName : TransactionName
{
    [Required, StringLength(128), Description("The branch: 01, 02, ...")]
    public string? BranchId { get; init; }

    [Required, StringLength(64), Description("action, compensate, confirm, cancel, commit, rollback or msg.")]
    public string? Op { get; init; }
}

[Description("A call that was done manually.")]
internal sealed record BranchResolution : BranchName
{
    [Required, Description("Why, for its history; cut after 1024 characters.")]
    public string? Reason { get; init; }

    [Description("What the action would have answered, if the transaction keeps results. Required if an action uses "
        + "it.")]
    public string? Result { get; init; }
}

[Description("A branch to register. All values are strings; other fields are ignored.")]
internal sealed record BranchRegistration : TransactionName
{
    [Required, AllowedValues("tcc", "xa", "workflow"), Description("The pattern of the transaction.")]
    public string? TransType { get; init; }

    [Required, StringLength(128), Description("Chosen by the submitter: 01, 02, ...")]
    public string? BranchId { get; init; }

    [Description("tcc and xa: the body of the calls. workflow: the result of the step. Text.")]
    public string? Data { get; init; }

    [Description("The same in base64, for binary data; used instead of data. Not in DTM.")]
    [Base64String]
    public string? BinData { get; init; }

    [Description("tcc, required: the URL that confirms.")]
    public string? Confirm { get; init; }

    [Description("tcc, required: the URL that cancels.")]
    public string? Cancel { get; init; }

    [Description("xa, required: the URL that commits and rolls back.")]
    public string? Url { get; init; }

    [StringLength(64), Description("workflow, required: the name of the step's operation.")]
    public string? Op { get; init; }

    [AllowedValues("succeed", "failed"), Description("workflow, required: the outcome of the step.")]
    public string? Status { get; init; }
}

[Description("A JSON-RPC 2.0 request.")]
internal sealed record JsonRpcRequest
{
    [Required, AllowedValues("2.0"), Description("The version of JSON-RPC.")]
    public string? Jsonrpc { get; init; }

    [Required, StringLength(int.MaxValue, MinimumLength = 1), Description("Comes back in the answer. A text.")]
    public string? Id { get; init; }

    [Required, Description("The method.")]
    [AllowedValues("newGid", "prepare", "submit", "abort", "registerBranch", "query", "wait", "batch", "batchStatus",
        "batches", "batchStop")]
    public string? Method { get; init; }

    [Description("prepare and submit: a TransactionRequest. abort: an AbortRequest. registerBranch: a "
        + "BranchRegistration. query: gid. wait: gid and timeout. batch: a BatchRequest. batchStatus and batchStop: a "
        + "BatchName. newGid and batches: none.")]
    public object? Params { get; init; }
}
