using Microsoft.Extensions.Logging;

namespace OrleansDtm.Grains.Running;

internal static partial class RunnerLog
{
    [LoggerMessage(1, LogLevel.Error, "Transaction {Gid}: unexpected failure; it stays as it is stored and is taken up again when due [ODTM4002]")]
    public static partial void RunnerFailed(this ILogger log, Exception exception, string gid);

    // One line a transaction would bury the log during an outage; the store itself says once what is wrong.
    [LoggerMessage(2, LogLevel.Debug, "Transaction {Gid}: the store is away")]
    public static partial void StoreAway(this ILogger log, Exception exception, string gid);

    [LoggerMessage(3, LogLevel.Warning, "Transaction {Gid}: another owner, or a commit that had been given up, has written meanwhile; what was in memory is dropped [ODTM4003]")]
    public static partial void LostToAnotherOwner(this ILogger log, string gid);

    [LoggerMessage(4, LogLevel.Warning, "Transaction {Gid}: the answer of a branch makes it larger than the database takes; it waits until the limit is raised [ODTM2010]")]
    public static partial void TooLarge(this ILogger log, Exception exception, string gid);
}
