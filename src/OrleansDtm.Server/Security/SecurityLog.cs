namespace OrleansDtm.Server.Security;

internal static partial class SecurityLog
{
    [LoggerMessage(120, LogLevel.Information, "{Setting} was read again and is in force")]
    public static partial void Reloaded(this ILogger log, string setting);

    [LoggerMessage(121, LogLevel.Error, "{Setting} has changed and cannot be read; what was read before stays in force: {Problem} [ODTM4006]")]
    public static partial void NotReloaded(this ILogger log, string setting, string problem);

    [LoggerMessage(122, LogLevel.Warning, "Security is off (Security:AllowAnonymous): whoever reaches {Bind} may read, submit and stop transactions")]
    public static partial void Anonymous(this ILogger log, string bind);
}
