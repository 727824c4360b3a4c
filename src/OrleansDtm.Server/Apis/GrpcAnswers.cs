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
    public static void Check(TransactionReply reply, bool waited)
    {
        switch (reply.Kind)
        {
            case ReplyKind.Ok when waited && reply.Status is "failed" or "aborting":
                throw Failure(reply.RollbackReason);
            case ReplyKind.Ok when waited && reply.Status is not "succeed":
                throw Error(StatusCode.FailedPrecondition, HttpAnswers.Unfinished(reply));
            case ReplyKind.Ok:
                return;
            case ReplyKind.Conflict:
                throw Failure(reply.Message);
            case ReplyKind.NotFound or ReplyKind.Invalid:
                throw Error(StatusCode.InvalidArgument, reply.Message);
            case ReplyKind.TooLarge:
                throw Error(StatusCode.InvalidArgument, reply.Message); // ResourceExhausted would ask for another try.
            case ReplyKind.Unavailable:
                throw Error(StatusCode.Unavailable, $"try again: {reply.Message}");
            default:
                throw new ArgumentOutOfRangeException(nameof(reply), reply.Kind, "Unknown reply.");
        }
    }

    public static RpcException Error(StatusCode code, string message) => new(new Status(code, Fit(message)));

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
    private static RpcException Failure(string message) =>
        Error(StatusCode.Aborted, message == ResultWords.Ongoing ? $"{message} {ResultWords.Failure}" : message);

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
