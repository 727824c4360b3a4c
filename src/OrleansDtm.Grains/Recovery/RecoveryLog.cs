using Microsoft.Extensions.Logging;

namespace OrleansDtm.Grains.Recovery;

internal static partial class RecoveryLog
{
    [LoggerMessage(10, LogLevel.Warning,
        "The sweep cannot read shard {Shard} of the store; it retries at every interval [ODTM4001]")]
    public static partial void SweepStopped(this ILogger log, Exception exception, long shard);

    [LoggerMessage(11, LogLevel.Information, "Took over {Count} transactions that a previous process left in flight")]
    public static partial void TookOver(this ILogger log, int count);

    [LoggerMessage(12, LogLevel.Warning, "Transaction {Gid} could not be resumed; the next sweep retries [ODTM4002]")]
    public static partial void WakeFailed(this ILogger log, Exception exception, string gid);

    [LoggerMessage(13, LogLevel.Information,
        "Deleted {Count} {What} of shard {Shard}, which are older than their retention of {Retention}")]
    public static partial void RetentionPassed(
        this ILogger log, long count, string what, long shard, TimeSpan retention);

    [LoggerMessage(14, LogLevel.Warning,
        "Old {What} of shard {Shard} cannot be deleted; retention retries every 10 s [ODTM4001]")]
    public static partial void RetentionStopped(this ILogger log, Exception exception, string what, long shard);

    [LoggerMessage(15, LogLevel.Warning,
        "The sweep of shard {Shard} cannot be started; the silo retries every second [ODTM4001]")]
    public static partial void StartFailed(this ILogger log, Exception exception, int shard);
}
