using Grpc.Core;
using OrleansDtm.Protocol;

namespace OrleansDtm.Client.Grpc;

/// <summary>
/// DTM's meaning of gRPC statuses: ABORTED is a failure, FAILED_PRECONDITION ongoing, all others are errors.
/// </summary>
internal static class GrpcStatuses
{
    /// <summary>The outcome of a participant's status; null = neither success nor failure.</summary>
    public static DtmException? Outcome(Status status, string? gid) => status.StatusCode switch
    {
        StatusCode.FailedPrecondition => new BranchOngoingException(status.Detail) { Gid = gid },
        // Old SDKs send the single word as the text of a failure.
        StatusCode.Aborted when status.Detail == ResultWords.Ongoing =>
            new BranchOngoingException(status.Detail) { Gid = gid },
        StatusCode.Aborted => new BranchFailureException(Reason(status.Detail)) { Gid = gid },
        _ => null,
    };

    /// <summary>The exception of a coordinator's status.</summary>
    public static DtmException Refusal(RpcException error, string api, string? gid)
    {
        var (code, reason) = (error.StatusCode, error.Status.Detail);
        var text = $"{api} was answered {code}{(gid is null ? "" : $" (gid {gid})")}: {reason}";
        // Only OrleansDtm sends an outcome; of DTM's servers the status must be sufficient.
        return (error.Trailers.GetValue(AnswerMetadata.Outcome), code) switch
        {
            (AnswerOutcomes.NotFound, _) or (_, StatusCode.NotFound) =>
                new DtmNotFoundException(text, error) { Gid = gid, Reason = reason },
            (AnswerOutcomes.Invalid, _) => new DtmInvalidRequestException(text, error) { Gid = gid, Reason = reason },
            (_, StatusCode.FailedPrecondition) =>
                new BranchOngoingException(text, error) { Gid = gid, Reason = reason },
            (null, StatusCode.Aborted) when reason == ResultWords.Ongoing =>
                new BranchOngoingException(text, error) { Gid = gid, Reason = reason },
            (_, StatusCode.Aborted or StatusCode.AlreadyExists) =>
                new DtmConflictException(text, error) { Gid = gid, Reason = reason, Status = StatusOf(error) },
            (_, StatusCode.InvalidArgument or StatusCode.Unauthenticated or StatusCode.PermissionDenied) =>
                new DtmInvalidRequestException(text, error) { Gid = gid, Reason = reason },
            _ => new DtmUnavailableException(text, error) { Gid = gid, Reason = reason },
        };
    }

    /// <summary>The end of a transaction that was waited for, if the response has all details; else null.</summary>
    public static TransactionResult? End(DtmConflictException refusal) =>
        refusal is { Status: GlobalStatus.Failed, Gid: { } gid, InnerException: RpcException error }
        && error.Trailers.GetValue(AnswerMetadata.Outcome) == AnswerOutcomes.RolledBack
        && error.Trailers.GetValue(AnswerMetadata.ReasonPartial) is null
            ? new TransactionResult(gid, GlobalStatus.Failed, error.Status.Detail)
            : null;

    /// <summary>The status of a participant's exception; null = neither success nor failure.</summary>
    public static RpcException? Answer(Exception error) => error switch
    {
        BranchFailureException e => new RpcException(new Status(
            StatusCode.Aborted,
            e.Reason == ResultWords.Ongoing ? $"{e.Reason} {ResultWords.Failure}" : e.Reason ?? e.Message,
            e)),
        BranchOngoingException e =>
            new RpcException(new Status(StatusCode.FailedPrecondition, e.Reason ?? e.Message, e)),
        _ => null,
    };

    private static GlobalStatus? StatusOf(RpcException error) =>
        error.Trailers.GetValue(AnswerMetadata.Status) is { } word ? CoordinatorJson.Status(word) : null;

    /// <summary>Without the word that SDKs append.</summary>
    private static string Reason(string detail)
    {
        var reason = detail.TrimEnd();
        return reason.EndsWith(' ' + ResultWords.Failure, StringComparison.Ordinal)
            ? reason[..^ResultWords.Failure.Length].TrimEnd()
            : reason;
    }
}
