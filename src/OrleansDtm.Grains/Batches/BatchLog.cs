using Microsoft.Extensions.Logging;

namespace OrleansDtm.Grains.Batches;

internal static partial class BatchLog
{
    [LoggerMessage(95, LogLevel.Warning, "Job {Id} is interrupted and tried again in two seconds.")]
    public static partial void JobInterrupted(this ILogger log, Exception error, string id);

    [LoggerMessage(96, LogLevel.Warning, "The grain that runs jobs cannot be reached. It is tried again.")]
    public static partial void JobsAway(this ILogger log, Exception error);
}
