namespace OrleansDtm.Abstractions;

/// <summary>The coordinator did not do what it was asked for.</summary>
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

    /// <summary>Empty when it was about a topic.</summary>
    [Id(0)]
    public string Gid { get; }

    /// <summary>
    /// Conflict: its status does not allow it. NotFound. Invalid: the request is wrong, the reason names the field; nothing was stored.
    /// Unavailable: whether it happened is not known; everything but a submit may simply be said again, and a repeated submit of
    /// what has ended is a Conflict.
    /// </summary>
    [Id(1)]
    public ReplyKind Kind { get; }

    /// <summary>In the coordinator's words.</summary>
    [Id(2)]
    public string Reason { get; }
}
