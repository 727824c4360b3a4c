using Microsoft.Extensions.Logging;

namespace OrleansDtm.Grains.Audit;

/// <summary>The audit log as structured log events, of the category <c>OrleansDtm.Audit</c>.</summary>
internal static partial class AuditLog
{
    /// <summary>The category of the events.</summary>
    public const string Category = "OrleansDtm.Audit";

    [LoggerMessage(
        1,
        LogLevel.Information,
        "{Action} {Outcome}: gid '{Gid}', {Kind} '{Caller}' (role '{Role}') from '{Address}', status {Before} -> "
        + "{After}: {Detail}")]
    public static partial void Operation(
        this ILogger log, string action, string outcome, string gid, string kind, string caller, string role,
        string address, string before, string after, string detail);

    [LoggerMessage(
        2,
        LogLevel.Warning,
        "{Action} refused: {Kind} '{Caller}' (role '{Role}') from '{Address}': {Detail}")]
    public static partial void Refused(
        this ILogger log, string action, string kind, string caller, string role, string address, string detail);

    [LoggerMessage(
        3,
        LogLevel.Debug,
        "{Action} {Outcome}: gid '{Gid}', {Kind} '{Caller}' (role '{Role}') from '{Address}' {Detail}")]
    public static partial void Request(
        this ILogger log, string action, string outcome, string gid, string kind, string caller, string role,
        string address, string detail);

    [LoggerMessage(4, LogLevel.Error,
        "{Count} audit records were not stored, because the store does not keep up; the first: {Action} of '{Gid}'. "
        + "They are in this log only, and requests of applications not even there [ODTM4008]")]
    public static partial void Lost(this ILogger log, long count, string action, string gid);

    [LoggerMessage(5, LogLevel.Warning,
        "The audit log cannot be written; up to {Max} records wait in memory for the store [ODTM4008]")]
    public static partial void Waiting(this ILogger log, Exception exception, int max);

    [LoggerMessage(6, LogLevel.Information, "The audit log is written again")]
    public static partial void Continued(this ILogger log);
}
