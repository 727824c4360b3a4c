namespace OrleansDtm.Core;

/// <summary>How types, statuses and outcomes are spelled, as DTM does, on the wire and in our tables.</summary>
public static class Names
{
    public static string Of(TransactionType type) => type switch
    {
        TransactionType.Saga => "saga",
        TransactionType.Msg => "msg",
        TransactionType.Tcc => "tcc",
        TransactionType.Xa => "xa",
        TransactionType.Workflow => "workflow",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Unknown transaction type."),
    };

    public static string Of(TransactionStatus status) => status switch
    {
        TransactionStatus.Prepared => "prepared",
        TransactionStatus.Submitted => "submitted",
        TransactionStatus.Aborting => "aborting",
        TransactionStatus.Succeed => "succeed",
        TransactionStatus.Failed => "failed",
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "Unknown status."),
    };

    public static string Of(BranchStatus status) => status switch
    {
        BranchStatus.Prepared => "prepared",
        BranchStatus.Succeed => "succeed",
        BranchStatus.Failed => "failed",
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "Unknown status."),
    };

    /// <summary>What a call came to, which DTM has no words for; in the names of metrics and spans with <c>_</c> for the blank.</summary>
    public static string Of(OutcomeKind outcome) => outcome switch
    {
        OutcomeKind.Succeeded => "succeeded",
        OutcomeKind.Failed => "failed",
        OutcomeKind.Ongoing => "ongoing",
        OutcomeKind.NotSent => "not sent",
        _ => "unknown",
    };

    /// <summary>None when the name is unknown.</summary>
    public static TransactionType Type(string? name) => name switch
    {
        "saga" => TransactionType.Saga,
        "msg" => TransactionType.Msg,
        "tcc" => TransactionType.Tcc,
        "xa" => TransactionType.Xa,
        "workflow" => TransactionType.Workflow,
        _ => TransactionType.None,
    };

    /// <summary>None when the name is unknown.</summary>
    public static TransactionStatus Status(string? name) => name switch
    {
        "prepared" => TransactionStatus.Prepared,
        "submitted" => TransactionStatus.Submitted,
        "aborting" => TransactionStatus.Aborting,
        "succeed" => TransactionStatus.Succeed,
        "failed" => TransactionStatus.Failed,
        _ => TransactionStatus.None,
    };
}
