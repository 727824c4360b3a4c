namespace OrleansDtm.Client;

/// <summary>Something did not go as asked in a distributed transaction; the types derived from it say what.</summary>
public class DtmException : Exception
{
    /// <summary>With what is known about it.</summary>
    /// <param name="message">For people.</param>
    /// <param name="inner">Null = none.</param>
    public DtmException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }

    /// <summary>The global transaction it is about; null = none, or not known where it was thrown.</summary>
    public string? Gid { get; init; }

    /// <summary>Where the global transaction stood, as far as it was seen; null = not seen.</summary>
    public GlobalStatus? Status { get; init; }

    /// <summary>In the words of the coordinator or the participant; null = they said nothing.</summary>
    public string? Reason { get; init; }
}

/// <summary>
/// A participant cannot do what it was asked for, ever: the transaction is to be rolled back. Participants throw it (answered as 409
/// FAILURE), initiators get it from a TCC or XA branch that refused.
/// </summary>
public sealed class BranchFailureException : DtmException
{
    /// <summary>With the reason, which is the message too.</summary>
    /// <param name="reason">Why; kept as the rollback reason.</param>
    /// <param name="inner">Null = none.</param>
    public BranchFailureException(string reason, Exception? inner = null)
        : base(reason, inner) => Reason = reason;
}

/// <summary>
/// A participant is still at it and wants to be asked again later. Participants throw it (answered as 425 ONGOING), initiators get it
/// from a TCC or XA branch that answered so.
/// </summary>
public sealed class BranchOngoingException : DtmException
{
    /// <summary>With the reason, which is the message too.</summary>
    /// <param name="reason">For people.</param>
    /// <param name="inner">Null = none.</param>
    public BranchOngoingException(string reason, Exception? inner = null)
        : base(reason, inner) => Reason = reason;
}

/// <summary>The status of the transaction does not allow what was asked for, or the subscriber is there already; nothing has changed.</summary>
/// <param name="message">For people.</param>
/// <param name="inner">Null = none.</param>
public sealed class DtmConflictException(string message, Exception? inner = null) : DtmException(message, inner);

/// <summary>There is no such transaction, topic or subscriber.</summary>
/// <param name="message">For people.</param>
/// <param name="inner">Null = none.</param>
public sealed class DtmNotFoundException(string message, Exception? inner = null) : DtmException(message, inner);

/// <summary>The coordinator says the request is wrong; the reason names the field. Nothing was stored.</summary>
/// <param name="message">For people.</param>
/// <param name="inner">Null = none.</param>
public sealed class DtmInvalidRequestException(string message, Exception? inner = null) : DtmException(message, inner);

/// <summary>
/// The coordinator could not be reached, did not answer in time or is in trouble: whether it happened is not known. Everything but a
/// submit may simply be said again; after a submit, ask how the transaction stands.
/// </summary>
/// <param name="message">For people.</param>
/// <param name="inner">Null = none.</param>
public sealed class DtmUnavailableException(string message, Exception? inner = null) : DtmException(message, inner);
