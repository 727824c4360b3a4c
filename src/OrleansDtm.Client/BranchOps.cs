namespace OrleansDtm.Client;

/// <summary>The words of <see cref="BranchContext.Op"/>.</summary>
public static class BranchOps
{
    /// <summary>Saga and msg: do it. XA: do it up to the prepare.</summary>
    public const string Action = "action";

    /// <summary>Saga: take back what the action did.</summary>
    public const string Compensate = "compensate";

    /// <summary>TCC: reserve.</summary>
    public const string Try = "try";

    /// <summary>TCC: use what was reserved.</summary>
    public const string Confirm = "confirm";

    /// <summary>TCC: release what was reserved.</summary>
    public const string Cancel = "cancel";

    /// <summary>XA and workflow: make it final.</summary>
    public const string Commit = "commit";

    /// <summary>XA and workflow: take it back.</summary>
    public const string Rollback = "rollback";

    /// <summary>The question whether a prepared message was meant.</summary>
    public const string Msg = "msg";

    /// <summary>What an unknown op takes back is not known, so no barrier can guard it.</summary>
    /// <exception cref="ArgumentException">It is none of these.</exception>
    internal static void Check(string op, string parameter)
    {
        if (op is not (Action or Compensate or Try or Confirm or Cancel or Commit or Rollback or Msg))
        {
            throw new ArgumentException($"'{op}' is no op of DTM's.", parameter);
        }
    }
}

/// <summary>The words of <see cref="BranchContext.TransType"/>.</summary>
public static class TransTypes
{
    /// <summary>Steps with compensations.</summary>
    public const string Saga = "saga";

    /// <summary>Calls that follow a local transaction (outbox).</summary>
    public const string Msg = "msg";

    /// <summary>Try, then confirm or cancel.</summary>
    public const string Tcc = "tcc";

    /// <summary>Databases that can prepare.</summary>
    public const string Xa = "xa";

    /// <summary>Code that is replayed.</summary>
    public const string Workflow = "workflow";
}
