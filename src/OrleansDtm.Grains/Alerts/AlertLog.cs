using Microsoft.Extensions.Logging;

namespace OrleansDtm.Grains.Alerts;

internal static partial class AlertLog
{
    [LoggerMessage(20, LogLevel.Warning, "Alerts come faster than the webhook takes them: of those that wait only the newest {Length} are kept [ODTM4004]")]
    public static partial void AlertsDropped(this ILogger log, int length);

    [LoggerMessage(21, LogLevel.Warning, "The alert webhook at {Host} does not take alerts; not said again until it has taken one ({Dropped} dropped so far) [ODTM4004]")]
    public static partial void AlertNotTaken(this ILogger log, Exception exception, string host, long dropped);
}
