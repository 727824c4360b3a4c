using System.Globalization;
using System.Text;
using OrleansDtm.Core;
using OrleansDtm.Protocol;

namespace OrleansDtm.Invokers;

/// <summary>
/// Converts a response to an outcome. The rules are DTM's: the words ONGOING and FAILURE in a body
/// count as 425 and 409, ONGOING first; only 200 is a success; anything else is retried.
/// </summary>
public static partial class OutcomeRules
{
    internal const int ErrorTextMax = 512;

    public static Outcome FromHttp(int status, ReadOnlySpan<byte> body) => FromHttp(ServiceAnswer.Of(status, body));

    internal static Outcome FromHttp(in ServiceAnswer answer)
    {
        if (answer.Broken is not null)
        {
            return FromBroken(answer);
        }

        var status = answer.Status;
        if (status == ResultWords.OngoingStatus || answer.SaysOngoing)
        {
            return Outcome.Ongoing(Text(answer.Body));
        }

        if (status == ResultWords.FailureStatus || answer.SaysFailure)
        {
            return Outcome.Failed(Text(answer.Body));
        }

        return status == 200
            ? Outcome.Succeeded
            : Outcome.Unknown(string.Create(
                CultureInfo.InvariantCulture,
                $"HTTP status {status}{(status is >= 300 and < 400 ? ", a redirect, which is not followed" : "")}: "
                + $"{Text(answer.Body)}"));
    }

    /// <summary>
    /// An incomplete body may lack a word that decides, so it is neither a success nor a failure by word. The statuses
    /// 425 and 409 still count.
    /// </summary>
    private static Outcome FromBroken(in ServiceAnswer answer)
    {
        var text = string.Create(
            CultureInfo.InvariantCulture, $"HTTP status {answer.Status}, but {answer.Broken}: {Text(answer.Body)}");
        return answer.Status switch
        {
            ResultWords.OngoingStatus => Outcome.Ongoing(text),
            ResultWords.FailureStatus => answer.SaysOngoing ? Outcome.Ongoing(text) : Outcome.Failed(text),
            _ => Outcome.Unknown(text),
        };
    }

    /// <summary>A notice is delivered or not; its response body is ignored.</summary>
    public static Outcome FromNotice(int status, ReadOnlySpan<byte> body) => status == 200
        ? Outcome.Succeeded
        : Outcome.Unknown(string.Create(CultureInfo.InvariantCulture, $"HTTP status {status}: {Text(body)}"));

    private static string Text(ReadOnlySpan<byte> body) =>
        Encoding.UTF8.GetString(body.Length <= ErrorTextMax ? body : body[..ErrorTextMax]);
}
