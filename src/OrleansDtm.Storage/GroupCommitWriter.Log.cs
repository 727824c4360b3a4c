using Microsoft.Extensions.Logging;

namespace OrleansDtm.Storage;

public sealed partial class GroupCommitWriter
{
    [LoggerMessage(1, LogLevel.Error,
        "The store failed to commit {Count} writes; their transactions will be reloaded. Logged once until a commit "
        + "succeeds again. [ODTM2013]")]
    private partial void LogFailing(Exception cause, int count);

    [LoggerMessage(2, LogLevel.Warning, "The store commits again.")]
    private partial void LogWorksAgain();

    [LoggerMessage(3, LogLevel.Error, "The database refused the write of transaction {Gid}. [ODTM2010]")]
    private partial void LogRefused(Exception cause, string gid);
}
