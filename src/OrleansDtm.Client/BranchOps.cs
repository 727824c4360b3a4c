namespace OrleansDtm.Client;

/// <summary>The values of <see cref="BranchContext.Op"/>.</summary>
public static class BranchOps
{
    /// <summary>Saga and msg: the action. XA: the action up to the prepare.</summary>
    public const string Action = "action";

    /// <summary>Saga: compensates the action.</summary>
    public const string Compensate = "compensate";

    /// <summary>TCC: reserve.</summary>
    public const string Try = "try";

    /// <summary>TCC: confirms what was reserved.</summary>
    public const string Confirm = "confirm";

    /// <summary>TCC: release what was reserved.</summary>
    public const string Cancel = "cancel";

    /// <summary>XA and workflow: commits.</summary>
    public const string Commit = "commit";

    /// <summary>XA and workflow: rolls back.</summary>
    public const string Rollback = "rollback";

    /// <summary>query_prepared of a message.</summary>
    public const string Msg = "msg";

    /// <summary>A barrier needs to know which op is compensated, so it refuses unknown ops.</summary>
    /// <exception cref="ArgumentException">The op is unknown.</exception>
    internal static void Check(string op, string parameter)
    {
        if (op is not (Action or Compensate or Try or Confirm or Cancel or Commit or Rollback or Msg))
        {
            throw new ArgumentException($"'{op}' is not an op of DTM.", parameter);
        }
    }
}

/// <summary>The values of <see cref="BranchContext.TransType"/>.</summary>
public static class TransTypes
{
    /// <summary>Steps with compensations.</summary>
    public const string Saga = "saga";

    /// <summary>Calls after a local transaction (outbox).</summary>
    public const string Msg = "msg";

    /// <summary>Try, then confirm or cancel.</summary>
    public const string Tcc = "tcc";

    /// <summary>XA databases.</summary>
    public const string Xa = "xa";

    /// <summary>Replayed code.</summary>
    public const string Workflow = "workflow";
}
