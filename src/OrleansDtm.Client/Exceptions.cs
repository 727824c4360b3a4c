namespace OrleansDtm.Client;

/// <summary>Base of the SDK's exceptions.</summary>
public class DtmException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">The error text.</param>
    /// <param name="inner">Null = none.</param>
    public DtmException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }

    /// <summary>The gid; null = none, or unknown.</summary>
    public string? Gid { get; init; }

    /// <summary>Last known status of the transaction; null = unknown.</summary>
    public GlobalStatus? Status { get; init; }

    /// <summary>The reason given by the coordinator or the participant; null = none.</summary>
    public string? Reason { get; init; }
}

/// <summary>
/// The branch failed, do not retry: the transaction is rolled back. Participants throw it (answered as 409 FAILURE);
/// initiators get it from a TCC or XA branch that failed.
/// </summary>
public sealed class BranchFailureException : DtmException
{
    /// <summary>Creates the exception; the reason is also the message.</summary>
    /// <param name="reason">The rollback reason.</param>
    /// <param name="inner">Null = none.</param>
    public BranchFailureException(string reason, Exception? inner = null)
        : base(reason, inner) => Reason = reason;
}

/// <summary>
/// The branch is in progress and must be called again. Participants throw it (answered as 425 ONGOING); initiators
/// get it from a TCC or XA branch that answered so.
/// </summary>
public sealed class BranchOngoingException : DtmException
{
    /// <summary>Creates the exception; the reason is also the message.</summary>
    /// <param name="reason">The reason.</param>
    /// <param name="inner">Null = none.</param>
    public BranchOngoingException(string reason, Exception? inner = null)
        : base(reason, inner) => Reason = reason;
}

/// <summary>
/// The status of the transaction does not allow the request, or the subscriber exists; nothing has changed.
/// </summary>
/// <param name="message">The error text.</param>
/// <param name="inner">Null = none.</param>
public sealed class DtmConflictException(string message, Exception? inner = null) : DtmException(message, inner);

/// <summary>There is no such transaction, topic or subscriber.</summary>
/// <param name="message">The error text.</param>
/// <param name="inner">Null = none.</param>
public sealed class DtmNotFoundException(string message, Exception? inner = null) : DtmException(message, inner);

/// <summary>The request is invalid; the reason names the field. Nothing was stored.</summary>
/// <param name="message">The error text.</param>
/// <param name="inner">Null = none.</param>
public sealed class DtmInvalidRequestException(string message, Exception? inner = null) : DtmException(message, inner);

/// <summary>
/// The coordinator is unreachable, timed out or has an error; the outcome is unknown. All requests except a submit may
/// be repeated; after a submit, query the status.
/// </summary>
/// <param name="message">The error text.</param>
/// <param name="inner">Null = none.</param>
public sealed class DtmUnavailableException(string message, Exception? inner = null) : DtmException(message, inner);

/// <summary>The result is not a success, see <see cref="TransactionResult.EnsureSucceeded"/>.</summary>
/// <param name="message">The error text.</param>
/// <param name="inner">Null = none.</param>
public sealed class TransactionFailedException(string message, Exception? inner = null) : DtmException(message, inner);

/// <summary>
/// A participant called by the SDK is unreachable, or its response is neither success nor failure; the outcome is
/// unknown.
/// </summary>
/// <param name="message">The error text.</param>
/// <param name="inner">Null = none.</param>
public sealed class BranchUnavailableException(string message, Exception? inner = null) : DtmException(message, inner);
