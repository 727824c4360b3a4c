namespace OrleansDtm.Abstractions;

/// <summary>A branch that is added to a prepared transaction. Adding it again changes nothing.</summary>
[GenerateSerializer, Immutable, Alias("dtm.registration")]
public sealed record BranchRegistration
{
    [Id(0)]
    public required string Gid { get; init; }

    /// <summary>tcc, xa or workflow.</summary>
    [Id(1)]
    public required string Type { get; init; }

    /// <summary>Unique within the transaction; 01, 02, ... by convention.</summary>
    [Id(2)]
    public required string BranchId { get; init; }

    /// <summary>tcc: the URL of confirm; empty = none.</summary>
    [Id(3)]
    public string Confirm { get; init; } = "";

    /// <summary>tcc: the URL of cancel; empty = none.</summary>
    [Id(4)]
    public string Cancel { get; init; } = "";

    /// <summary>xa: the URL called with op commit or rollback.</summary>
    [Id(5)]
    public string Url { get; init; } = "";

    /// <summary>workflow: the op of the step.</summary>
    [Id(6)]
    public string Op { get; init; } = "";

    /// <summary>workflow: succeed or failed.</summary>
    [Id(7)]
    public string Status { get; init; } = "";

    /// <summary>Body of the calls, or a workflow step's result; may be empty.</summary>
    [Id(8)]
    public byte[] Payload { get; init; } = [];

    /// <summary>A branch of a tcc; register it before its try is called.</summary>
    public static BranchRegistration Tcc(
        string gid, string branchId, string confirm, string cancel, byte[]? payload = null) =>
        new()
        {
            Gid = gid,
            Type = "tcc",
            BranchId = branchId,
            Confirm = confirm,
            Cancel = cancel,
            Payload = payload ?? [],
        };

    /// <summary>A branch of an xa; register it before its local transaction is prepared.</summary>
    public static BranchRegistration Xa(string gid, string branchId, string url, byte[]? payload = null) =>
        new() { Gid = gid, Type = "xa", BranchId = branchId, Url = url, Payload = payload ?? [] };

    /// <summary>The result of a workflow's step; a resumed run reads it instead of running the step again.</summary>
    public static BranchRegistration Workflow(
        string gid, string branchId, string op, bool succeeded, byte[]? result = null) =>
        new()
        {
            Gid = gid,
            Type = "workflow",
            BranchId = branchId,
            Op = op,
            Status = succeeded ? "succeed" : "failed",
            Payload = result ?? [],
        };

    /// <summary>Without secrets: Orleans logs it for slow or lost requests.</summary>
    public override string ToString() => $"{nameof(BranchRegistration)} {Type} {Gid} {BranchId}";
}
