namespace OrleansDtm.Core;

/// <summary>Converts types, statuses and outcomes to and from their names in DTM's API and in the database.</summary>
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

    /// <summary>
    /// Returns the name of an outcome. Not part of DTM's API; metrics and spans use <c>_</c> instead of the space.
    /// </summary>
    public static string Of(OutcomeKind outcome) => outcome switch
    {
        OutcomeKind.Succeeded => "succeeded",
        OutcomeKind.Failed => "failed",
        OutcomeKind.Ongoing => "ongoing",
        OutcomeKind.NotSent => "not sent",
        _ => "unknown",
    };

    public static string Of(WaitReason reason) => reason switch
    {
        WaitReason.Silo => "silo",
        WaitReason.Parked => "parked",
        WaitReason.Orphan => "orphan",
        WaitReason.Retry => "retry",
        WaitReason.Ongoing => "ongoing",
        WaitReason.Answer => "answer",
        WaitReason.Submit => "submit",
        WaitReason.Delay => "delay",
        WaitReason.Time => "time",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "Unknown reason."),
    };

    /// <summary>Parses a name; null if the name is unknown.</summary>
    public static WaitReason? Reason(string? name)
    {
        foreach (var reason in Enum.GetValues<WaitReason>())
        {
            if (Of(reason) == name)
            {
                return reason;
            }
        }

        return null;
    }

    /// <summary>Parses a name; None if the name is unknown.</summary>
    public static TransactionType Type(string? name) => name switch
    {
        "saga" => TransactionType.Saga,
        "msg" => TransactionType.Msg,
        "tcc" => TransactionType.Tcc,
        "xa" => TransactionType.Xa,
        "workflow" => TransactionType.Workflow,
        _ => TransactionType.None,
    };

    /// <summary>Parses a name; None if the name is unknown.</summary>
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
