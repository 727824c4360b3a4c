using System.ComponentModel;
using System.Text.Json.Serialization;
using OrleansDtm.Protocol;

namespace OrleansDtm.Server.Apis.Docs;

// The schemas of JSON-RPC answers, which JsonRpcReply writes.

[Description("A JSON-RPC 2.0 response.")]
internal sealed record JsonRpcReplyView
{
    [Description("Null = the call succeeded.")]
    public required JsonRpcErrorView? Error { get; init; }

    [Description("Of the request; null = it has none that can be read.")]
    public required string? Id { get; init; }

    [Description("2.0")]
    public required string Jsonrpc { get; init; }

    [Description("Of newGid, query, wait, batch, batchStatus and batches. Otherwise it has no meaning.")]
    public required JsonRpcResultView? Result { get; init; }
}

[Description("Why a call did not succeed.")]
internal sealed record JsonRpcErrorView
{
    [Description("-32901 failed, -32902 not finished, -32700 not JSON, -32600 not a call, -32601 unknown method, "
        + "-32603 an invalid or undecided call, -32001 no valid key, -32003 without the role, -32029 too many "
        + "requests.")]
    public required int Code { get; init; }

    [Description("The reason.")]
    public required string Message { get; init; }
}

[Description("The result of a call; each method has its own members.")]
internal sealed record JsonRpcResultView
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull), Description("newGid: the new gid.")]
    public string? Gid { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("query and wait: the transaction; null = query found no such gid.")]
    public TransactionView? Transaction { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull), Description("query and wait: the branches.")]
    public IReadOnlyList<BranchView>? Branches { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull), Description("batch and batchStatus: the job.")]
    public BatchView? Batch { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull), Description("batches: all jobs, the newest first.")]
    public IReadOnlyList<BatchView>? Batches { get; init; }
}
