using Google.Protobuf;
using Grpc.Core;
using OrleansDtm.Abstractions;
using OrleansDtm.Protocol;
using OrleansDtm.Protocol.Wire;

namespace OrleansDtm.Server.Apis;

/// <summary>
/// Responses with DTM's statuses: Aborted is a failure, FailedPrecondition is ongoing, all others are errors.
/// </summary>
internal static class GrpcAnswers
{
    /// <summary>Maximum bytes of a message in its trailer. Some clients accept only 8 KiB of metadata.</summary>
    private const int MessageBytesMax = 4096;

    /// <summary>
    /// As over HTTP: a waiting submitter gets Aborted when the transaction rolls back, and ongoing while it is
    /// unfinished.
    /// </summary>
    /// <exception cref="RpcException">The reply is not a success.</exception>
    public static void Check(TransactionReply reply, Awaited awaited = Awaited.Nothing)
    {
        switch (reply.Kind)
        {
            case ReplyKind.Ok when Waits.TurnedBack(reply, awaited):
                throw Failure(reply.RollbackReason, AnswerOutcomes.RolledBack, reply.Status);
            case ReplyKind.Ok when Waits.GoesOn(reply, awaited):
                throw Error(
                    StatusCode.FailedPrecondition,
                    HttpAnswers.Unfinished(reply),
                    AnswerOutcomes.Unfinished,
                    reply.Status);
            case ReplyKind.Ok:
                return;
            case ReplyKind.Conflict:
                throw Failure(reply.Message, AnswerOutcomes.Conflict, reply.Status);
            case ReplyKind.NotFound:
                throw Error(StatusCode.InvalidArgument, reply.Message, AnswerOutcomes.NotFound);
            case ReplyKind.Invalid:
                throw Error(StatusCode.InvalidArgument, reply.Message, AnswerOutcomes.Invalid);
            case ReplyKind.TooLarge:
                // ResourceExhausted would make clients retry.
                throw Error(StatusCode.InvalidArgument, reply.Message, AnswerOutcomes.Invalid);
            case ReplyKind.TooMany:
                throw Error(StatusCode.ResourceExhausted, reply.Message);
            case ReplyKind.Unavailable:
                throw Error(StatusCode.Unavailable, $"try again: {reply.Message}", AnswerOutcomes.Unavailable);
            default:
                throw new ArgumentOutOfRangeException(nameof(reply), reply.Kind, "Unknown reply.");
        }
    }

    /// <param name="code">DTM's.</param>
    /// <param name="message">Truncated if it is too long for a trailer.</param>
    /// <param name="outcome">Detail that the code does not have, one of <see cref="AnswerOutcomes"/>; null =
    /// none.</param>
    /// <param name="status">Of the transaction; null or empty = unknown.</param>
    public static RpcException Error(StatusCode code, string message, string? outcome = null, string? status = null) =>
        Error(code, message, message, outcome, status);

    /// <summary>Trailers stay below 8 KiB together, the lowest limit of clients.</summary>
    private static RpcException Error(StatusCode code, string message, string meant, string? outcome, string? status)
    {
        var trailers = new Metadata();
        if (outcome is not null)
        {
            trailers.Add(AnswerMetadata.Outcome, outcome);
        }

        if (!string.IsNullOrEmpty(status))
        {
            trailers.Add(AnswerMetadata.Status, status);
        }

        var fitting = Fit(message);
        if (outcome == AnswerOutcomes.RolledBack && fitting != meant)
        {
            trailers.Add(AnswerMetadata.ReasonPartial, "true");
        }

        return new RpcException(new Status(code, fitting), trailers);
    }

    public static DtmProgressesReply Of(WorkflowView workflow)
    {
        var transaction = workflow.Transaction;
        var reply = new DtmProgressesReply
        {
            Transaction = new DtmTransaction
            {
                Gid = transaction.Gid,
                Status = transaction.Status,
                RollbackReason = transaction.RollbackReason ?? "",
                Result = transaction.Result ?? "",
            },
        };
        reply.Progresses.AddRange(workflow.Progresses.Select(static branch => new DtmProgress
        {
            Status = branch.Status,
            BinData = ByteString.CopyFrom(branch.BinData ?? []),
            BranchID = branch.BranchId,
            Op = branch.Op,
        }));
        return reply;
    }

    /// <summary>
    /// SDKs read Aborted with the single word ONGOING as "in progress"; a reason that is this word must not match.
    /// </summary>
    private static RpcException Failure(string message, string outcome, string status) => Error(
        StatusCode.Aborted,
        message == ResultWords.Ongoing ? $"{message} {ResultWords.Failure}" : message,
        message,
        outcome,
        status);

    /// <summary>The part that fits into the trailer, where a byte other than printable ASCII takes three.</summary>
    private static string Fit(string message)
    {
        var (bytes, length) = (0, 0);
        foreach (var rune in message.EnumerateRunes())
        {
            bytes += rune.Value is >= ' ' and <= '~' and not '%' ? 1 : 3 * rune.Utf8SequenceLength;
            if (bytes > MessageBytesMax)
            {
                return message[..length] + "...";
            }

            length += rune.Utf16SequenceLength;
        }

        return message;
    }
}
