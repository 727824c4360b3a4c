using System.Globalization;
using System.Text;
using OrleansDtm.Core;
using OrleansDtm.Protocol;

namespace OrleansDtm.Invokers;

/// <summary>
/// The one place that turns an answer into an outcome. The rules are DTM's, observed on the reference: the words ONGOING and
/// FAILURE in a body count like the statuses 425 and 409, ONGOING first; only 200 is a success; all else is worth a retry.
/// </summary>
public static partial class OutcomeRules
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
            : Outcome.Unknown(string.Create(
                CultureInfo.InvariantCulture,
                $"HTTP status {status}{(status is >= 300 and < 400 ? ", a redirect, which is not followed" : "")}: {Text(body)}"));
    }

    /// <summary>A notice is delivered or not: what its receiver has to say about it changes nothing.</summary>
    public static Outcome FromNotice(int status, ReadOnlySpan<byte> body) => status == 200
        ? Outcome.Succeeded
        : Outcome.Unknown(string.Create(CultureInfo.InvariantCulture, $"HTTP status {status}: {Text(body)}"));

    private static string Text(ReadOnlySpan<byte> body) => Encoding.UTF8.GetString(body.Length <= ErrorTextMax ? body : body[..ErrorTextMax]);
}
