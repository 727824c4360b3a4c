namespace OrleansDtm.Abstractions;

/// <summary>A request to the coordinator failed.</summary>
[GenerateSerializer, Alias("dtm.transaction-refused")]
public sealed class TransactionException : Exception
{
    public TransactionException(string gid, ReplyKind kind, string reason)
        : base($"{kind}: {reason} (gid {gid})")
    {
        Gid = gid;
        Kind = kind;
        Reason = reason;
    }

    /// <summary>Empty for topics.</summary>
    [Id(0)]
    public string Gid { get; }

    /// <summary>
    /// Conflict: its status does not allow the request. NotFound. Invalid: the reason names the field; nothing was
    /// stored. Unavailable: the outcome is unknown. All requests may be repeated, but a repeated submit of an ended
    /// transaction is a Conflict.
    /// </summary>
    [Id(1)]
    public ReplyKind Kind { get; }

    /// <summary>The coordinator's text.</summary>
    [Id(2)]
    public string Reason { get; }
}
