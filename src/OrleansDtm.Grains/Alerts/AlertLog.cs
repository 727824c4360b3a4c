using Microsoft.Extensions.Logging;

namespace OrleansDtm.Grains.Alerts;

internal static partial class AlertLog
{
    [LoggerMessage(20, LogLevel.Warning,
        "Alerts arrive faster than the webhook accepts them. Only the newest {Length} alerts are kept. [ODTM4004]")]
    public static partial void AlertsDropped(this ILogger log, int length);

    [LoggerMessage(21, LogLevel.Warning,
        "The alert webhook at {Host} failed; {Dropped} alerts dropped. Logged once until it succeeds. [ODTM4004]")]
    public static partial void AlertNotTaken(this ILogger log, Exception exception, string host, long dropped);
}
