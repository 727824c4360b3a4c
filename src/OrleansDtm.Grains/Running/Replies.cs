using OrleansDtm.Abstractions;
using OrleansDtm.Core;

namespace OrleansDtm.Grains.Running;

/// <summary>Creates replies to requests from the resulting state.</summary>
internal static class Replies
{
    private static readonly TransactionReply Submitted = new() { Kind = ReplyKind.Ok, Status = "submitted" };
    private static readonly TransactionReply Succeeded = new() { Kind = ReplyKind.Ok, Status = "succeed" };

    public static TransactionReply Of(Transaction? state) => state switch
    {
        null => new TransactionReply { Kind = ReplyKind.Ok },
        { Status: TransactionStatus.Succeed, Definition.Options.ResultBytesMax: > 0 } =>
            Succeeded with { Results = Results(state) },
        { Status: TransactionStatus.Succeed } => Succeeded,
        { Status: TransactionStatus.Submitted, HasInFlight: true } => Submitted,
        _ => new TransactionReply
        {
            Kind = ReplyKind.Ok,
            Status = Names.Of(state.Status),
            RollbackReason = state.RollbackReason,
            LastError = state.IsFinal ? "" : LastError(state),
        },
    };

    public static TransactionReply Refused(Rejection rejection, Transaction? state) => new()
    {
        Kind = rejection.Kind switch
        {
            RejectionKind.Conflict => ReplyKind.Conflict,
            RejectionKind.NotFound => ReplyKind.NotFound,
            RejectionKind.Invalid => ReplyKind.Invalid,
            RejectionKind.Superseded => ReplyKind.Unavailable,
            _ => throw new ArgumentOutOfRangeException(nameof(rejection), rejection.Kind, "Unknown rejection."),
        },
        Message = rejection.Message,
        Status = state is null ? "" : Names.Of(state.Status),
        RollbackReason = state?.RollbackReason ?? "",
    };

    public static TransactionReply Unavailable(string message) =>
        new() { Kind = ReplyKind.Unavailable, Message = message };

    /// <summary>Returns a "too large" reply that names the request body as the cause.</summary>
    public static TransactionReply TooLarge(string message) =>
        new() { Kind = ReplyKind.TooLarge, Message = $"body: {message}" };

    public static TransactionReply Stopping() => Unavailable("the coordinator is stopping");

    /// <summary>Returns the results of the actions, in the order of the steps.</summary>
    private static StepAnswer[] Results(Transaction state) =>
    [
        .. from branch in state.Branches
           where branch.Result is not null
           select Service.TransactionInfos.Answer(branch),
    ];

    private static string LastError(Transaction state) =>
        state.Branches.LastOrDefault(static b => b is { Status: BranchStatus.Prepared, LastError: not null })?.LastError
        ?? state.Query?.LastError
        ?? "";
}
