using Microsoft.Extensions.Logging;

namespace OrleansDtm.Grains.Running;

internal static partial class RunnerLog
{
    [LoggerMessage(1, LogLevel.Error,
        "Transaction {Gid}: unexpected failure; its stored state is unchanged and it is resumed when due [ODTM4002]")]
    public static partial void RunnerFailed(this ILogger log, Exception exception, string gid);

    // Debug level: the store logs an outage once, and a line for each transaction would flood the log.
    [LoggerMessage(2, LogLevel.Debug, "Transaction {Gid}: the store is unavailable")]
    public static partial void StoreAway(this ILogger log, Exception exception, string gid);

    [LoggerMessage(
        3, LogLevel.Warning, "Transaction {Gid}: another owner, or a commit that had timed out, changed the stored "
            + "state; it is loaded again [ODTM4003]")]
    public static partial void LostToAnotherOwner(this ILogger log, string gid);

    [LoggerMessage(
        4, LogLevel.Warning, "Transaction {Gid}: a branch response makes it larger than the database accepts; "
            + "it waits until the limit is raised [ODTM2010]")]
    public static partial void TooLarge(this ILogger log, Exception exception, string gid);
}
