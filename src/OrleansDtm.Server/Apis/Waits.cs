using OrleansDtm.Abstractions;
using OrleansDtm.Protocol;

namespace OrleansDtm.Server.Apis;

/// <summary>What the caller waits for.</summary>
internal enum Awaited
{
    /// <summary>That it is stored.</summary>
    Nothing = 0,
    Success,
    Rollback,
}

/// <summary>What a wait came to, the same for every protocol.</summary>
internal static class Waits
{
    /// <summary>The submit says it, else its prepare did.</summary>
    public static Awaited OfSubmit(TransactionRequest? request, TransactionReply reply) =>
        request?.WaitResult ?? reply.Waited ? Awaited.Success : Awaited.Nothing;

    public static Awaited OfAbort(TransactionReply reply) => reply.Waited ? Awaited.Rollback : Awaited.Nothing;

    /// <summary>A submitter that waits for success is told that there will be none.</summary>
    public static bool TurnedBack(TransactionReply reply, Awaited awaited) =>
        awaited == Awaited.Success && reply.Status is "failed" or "aborting";

    /// <summary>It has not come to what is waited for, and may still.</summary>
    public static bool GoesOn(TransactionReply reply, Awaited awaited) => awaited switch
    {
        Awaited.Success => reply.Status is not ("succeed" or "failed" or "aborting"),
        Awaited.Rollback => reply.Status is not "failed",
        _ => false,
    };
}
