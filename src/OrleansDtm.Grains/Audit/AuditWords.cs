namespace OrleansDtm.Grains.Audit;

/// <summary>The outcomes in the audit log.</summary>
public static class AuditOutcomes
{
    /// <summary>The change was made.</summary>
    public const string Done = "done";

    /// <summary>Nothing changed: the request is invalid, or the transaction's state does not allow it.</summary>
    public const string Rejected = "rejected";

    /// <summary>The store did not answer; the change may have been made.</summary>
    public const string Failed = "failed";

    /// <summary>The caller is not authenticated, or lacks the role.</summary>
    public const string Refused = "refused";
}

/// <summary>The actions in the audit log that are not named like a route of the HTTP API.</summary>
public static class AuditActions
{
    /// <summary>A sign-in to the admin page.</summary>
    public const string SignIn = "signIn";

    /// <summary>A sign-out of the admin page.</summary>
    public const string SignOut = "signOut";
}
