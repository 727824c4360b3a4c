using Google.Protobuf;
using Grpc.Core;
using OrleansDtm.Abstractions;
using OrleansDtm.Protocol;
using OrleansDtm.Protocol.Wire;

namespace OrleansDtm.Server.Apis;

/// <summary>Answers in DTM's statuses: Aborted is a failure, FailedPrecondition is ongoing, all else an error.</summary>
internal static class GrpcAnswers
{
    /// <summary>Bytes of a message in its trailer. Clients take 8 KiB of metadata and more, the least of them.</summary>
    private const int MessageBytesMax = 4096;

    /// <summary>As over HTTP, a submitter that waits is told Aborted once the transaction has turned back, and ongoing while it is merely not finished.</summary>
    /// <exception cref="RpcException">The reply is not good news.</exception>
    public static void Check(TransactionReply reply, Awaited awaited = Awaited.Nothing)
    {
        switch (reply.Kind)
        {
            case ReplyKind.Ok when Waits.TurnedBack(reply, awaited):
                throw Failure(reply.RollbackReason, AnswerOutcomes.RolledBack, reply.Status);
            case ReplyKind.Ok when Waits.GoesOn(reply, awaited):
                throw Error(StatusCode.FailedPrecondition, HttpAnswers.Unfinished(reply), AnswerOutcomes.Unfinished, reply.Status);
            case ReplyKind.Ok:
                return;
            case ReplyKind.Conflict:
                throw Failure(reply.Message, AnswerOutcomes.Conflict, reply.Status);
            case ReplyKind.NotFound:
                throw Error(StatusCode.InvalidArgument, reply.Message, AnswerOutcomes.NotFound);
            case ReplyKind.Invalid:
                throw Error(StatusCode.InvalidArgument, reply.Message, AnswerOutcomes.Invalid);
            case ReplyKind.TooLarge:
                // ResourceExhausted would ask for another try.
                throw Error(StatusCode.InvalidArgument, reply.Message, AnswerOutcomes.Invalid);
            case ReplyKind.Unavailable:
                throw Error(StatusCode.Unavailable, $"try again: {reply.Message}", AnswerOutcomes.Unavailable);
            default:
                throw new ArgumentOutOfRangeException(nameof(reply), reply.Kind, "Unknown reply.");
        }
    }

    /// <param name="code">DTM's.</param>
    /// <param name="message">Cut where it is too long for a trailer.</param>
    /// <param name="outcome">What the code alone does not say, one of <see cref="AnswerOutcomes"/>; null = the code
    /// says all.</param>
    /// <param name="status">Of the transaction; null or empty = not known.</param>
    public static RpcException Error(StatusCode code, string message, string? outcome = null, string? status = null) =>
        Error(code, message, message, outcome, status);

    /// <summary>The trailers stay small: the least that clients take for all of them together is 8 KiB.</summary>
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

    /// <summary>SDKs read Aborted with the lone word ONGOING as "still at it"; a reason that happens to be that word must not say so.</summary>
    private static RpcException Failure(string message, string outcome, string status) => Error(
        StatusCode.Aborted,
        message == ResultWords.Ongoing ? $"{message} {ResultWords.Failure}" : message,
        message,
        outcome,
        status);

    /// <summary>What fits into the trailer, where a byte outside of printable ASCII takes three.</summary>
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
