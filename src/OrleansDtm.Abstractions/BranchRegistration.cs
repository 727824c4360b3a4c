namespace OrleansDtm.Abstractions;

/// <summary>A branch to be added to a prepared transaction. The same one again changes nothing.</summary>
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

    /// <summary>tcc: the URL that confirms; empty = nothing to call.</summary>
    [Id(3)]
    public string Confirm { get; init; } = "";

    /// <summary>tcc: the URL that cancels; empty = nothing to call.</summary>
    [Id(4)]
    public string Cancel { get; init; } = "";

    /// <summary>xa: the URL called with op commit or rollback.</summary>
    [Id(5)]
    public string Url { get; init; } = "";

    /// <summary>workflow: what was done.</summary>
    [Id(6)]
    public string Op { get; init; } = "";

    /// <summary>workflow: succeed or failed.</summary>
    [Id(7)]
    public string Status { get; init; } = "";

    /// <summary>Body of its calls, or a workflow step's result; may be empty.</summary>
    [Id(8)]
    public byte[] Payload { get; init; } = [];

    /// <summary>Of a tcc; register it before its try is called.</summary>
    public static BranchRegistration Tcc(string gid, string branchId, string confirm, string cancel, byte[]? payload = null) =>
        new() { Gid = gid, Type = "tcc", BranchId = branchId, Confirm = confirm, Cancel = cancel, Payload = payload ?? [] };

    /// <summary>Of an xa; register it before its local transaction is prepared.</summary>
    public static BranchRegistration Xa(string gid, string branchId, string url, byte[]? payload = null) =>
        new() { Gid = gid, Type = "xa", BranchId = branchId, Url = url, Payload = payload ?? [] };

    /// <summary>The result of a workflow's step, which a resumed run reads instead of doing it again.</summary>
    public static BranchRegistration Workflow(string gid, string branchId, string op, bool succeeded, byte[]? result = null) =>
        new() { Gid = gid, Type = "workflow", BranchId = branchId, Op = op, Status = succeeded ? "succeed" : "failed", Payload = result ?? [] };

    /// <summary>Without what may be secret: Orleans puts it into log lines about requests that are slow or lost.</summary>
    public override string ToString() => $"{nameof(BranchRegistration)} {Type} {Gid} {BranchId}";
}
