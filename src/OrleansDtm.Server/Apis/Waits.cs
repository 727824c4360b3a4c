using OrleansDtm.Abstractions;
using OrleansDtm.Protocol;

namespace OrleansDtm.Server.Apis;

/// <summary>What a caller waits for.</summary>
internal enum Awaited
{
    /// <summary>Until the transaction is stored.</summary>
    Nothing = 0,
    Success,
    Rollback,
}

/// <summary>The result of a wait, the same for every protocol.</summary>
internal static class Waits
{
    /// <summary>Whether the submit, or else its prepare, waits.</summary>
    public static Awaited OfSubmit(TransactionRequest? request, TransactionReply reply) =>
        request?.WaitResult ?? reply.Waited ? Awaited.Success : Awaited.Nothing;

    public static Awaited OfAbort(TransactionReply reply) => reply.Waited ? Awaited.Rollback : Awaited.Nothing;

    /// <summary>The transaction rolls back: a submitter that waits for success gets a failure.</summary>
    public static bool TurnedBack(TransactionReply reply, Awaited awaited) =>
        awaited == Awaited.Success && reply.Status is "failed" or "aborting";

    /// <summary>The transaction is unfinished.</summary>
    public static bool GoesOn(TransactionReply reply, Awaited awaited) => awaited switch
    {
        Awaited.Success => reply.Status is not ("succeed" or "failed" or "aborting"),
        Awaited.Rollback => reply.Status is not "failed",
        _ => false,
    };
}
