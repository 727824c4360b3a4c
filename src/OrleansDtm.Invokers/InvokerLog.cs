using Microsoft.Extensions.Logging;

namespace OrleansDtm.Invokers;

internal static partial class InvokerLog
{
    [LoggerMessage(Level = LogLevel.Debug, Message = "gid {Gid} branch {BranchId} {Op}: the branch header {Header} "
        + "belongs to the connection and is not sent.")]
    public static partial void HeaderLeftOut(this ILogger log, string gid, string branchId, string op, string header);
}
