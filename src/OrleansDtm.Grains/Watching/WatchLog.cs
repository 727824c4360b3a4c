using Microsoft.Extensions.Logging;

namespace OrleansDtm.Grains.Watching;

internal static partial class WatchLog
{
    [LoggerMessage(
        90,
        LogLevel.Warning,
        "Silo {Silo} does not send the changes of its transactions. Readers of events get a reset; the silo is asked "
        + "again every second.")]
    public static partial void ChangesAway(this ILogger log, Exception error, SiloAddress silo);
}
