using Microsoft.Extensions.Logging;

namespace OrleansDtm.Grains.Recovery;

internal static partial class RecoveryLog
{
    [LoggerMessage(10, LogLevel.Warning, "The sweep cannot read the store; it tries again every interval")]
    public static partial void SweepStopped(this ILogger log, Exception exception);

    [LoggerMessage(11, LogLevel.Information, "Took over {Count} transactions that a previous process left under way")]
    public static partial void TookOver(this ILogger log, int count);

    [LoggerMessage(12, LogLevel.Warning, "Transaction {Gid} could not be woken; the next sweep tries again")]
    public static partial void WakeFailed(this ILogger log, Exception exception, string gid);
}
