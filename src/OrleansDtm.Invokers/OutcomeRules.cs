using System.Globalization;
using System.Text;
using Grpc.Core;
using OrleansDtm.Core;
using OrleansDtm.Protocol;

namespace OrleansDtm.Invokers;

/// <summary>
/// The one place that turns an answer into an outcome. The rules are DTM's, observed on the reference: the words ONGOING and
/// FAILURE in a body count like the statuses 425 and 409, ONGOING first; only 200 is a success; all else is worth a retry. gRPC: see <see cref="FromGrpc"/>.
/// </summary>
public static class OutcomeRules
{
    private const int ErrorTextMax = 512;

    public static Outcome FromHttp(int status, ReadOnlySpan<byte> body)
    {
        if (status == ResultWords.OngoingStatus || body.IndexOf("ONGOING"u8) >= 0)
        {
            return Outcome.Ongoing(Text(body));
        }

        if (status == ResultWords.FailureStatus || body.IndexOf("FAILURE"u8) >= 0)
        {
            return Outcome.Failed(Text(body));
        }

        return status == 200
            ? Outcome.Succeeded
            : Outcome.Unknown(string.Create(CultureInfo.InvariantCulture, $"HTTP status {status}: {Text(body)}"));
    }

    /// <summary>Of gRPC's statuses two have a meaning for a transaction; ONGOING as the text of a failure is how SDKs once said it.</summary>
    public static Outcome FromGrpc(StatusCode status, string message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return status switch
        {
            StatusCode.OK => Outcome.Succeeded,
            StatusCode.FailedPrecondition => Outcome.Ongoing(Text(message)),
            StatusCode.Aborted when message == ResultWords.Ongoing => Outcome.Ongoing(message),
            StatusCode.Aborted => Outcome.Failed(Reason(message)),
            _ => Outcome.Unknown(string.Create(CultureInfo.InvariantCulture, $"gRPC status {status} ({(int)status}): {Text(message)}")),
        };
    }

    /// <summary>Why it failed, without the word that SDKs append and that stands in the rollback reason anyway.</summary>
    private static string Reason(string message)
    {
        var reason = Text(message).TrimEnd();
        if (reason.EndsWith(ResultWords.Failure, StringComparison.Ordinal))
        {
            reason = reason[..^ResultWords.Failure.Length].TrimEnd();
        }

        return reason.Length == 0 ? nameof(StatusCode.Aborted) : reason;
    }

    private static string Text(string message) => message.Length <= ErrorTextMax ? message : message[..ErrorTextMax];

    private static string Text(ReadOnlySpan<byte> body)
    {
        var text = Encoding.UTF8.GetString(body.Length <= ErrorTextMax ? body : body[..ErrorTextMax]);
        return text;
    }
}
