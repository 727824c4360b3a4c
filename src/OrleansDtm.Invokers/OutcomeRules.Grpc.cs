using System.Globalization;
using Grpc.Core;
using OrleansDtm.Core;
using OrleansDtm.Protocol;

namespace OrleansDtm.Invokers;

public static partial class OutcomeRules
{
    /// <summary>
    /// Two gRPC statuses have a meaning for a transaction. Old SDKs send ONGOING as the text of a failure.
    /// </summary>
    public static Outcome FromGrpc(StatusCode status, string message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return status switch
        {
            StatusCode.OK => Outcome.Succeeded,
            StatusCode.FailedPrecondition => Outcome.Ongoing(Text(message)),
            StatusCode.Aborted when message == ResultWords.Ongoing => Outcome.Ongoing(message),
            StatusCode.Aborted => Outcome.Failed(Reason(message)),
            _ => Outcome.Unknown(
                string.Create(CultureInfo.InvariantCulture, $"gRPC status {status} ({(int)status}): {Text(message)}")),
        };
    }

    /// <summary>The reason of a failure, without the word that SDKs append.</summary>
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
}
