namespace OrleansDtm.Server.Security;

internal static partial class SecurityLog
{
    [LoggerMessage(120, LogLevel.Information, "{Setting} was read again and is in force")]
    public static partial void Reloaded(this ILogger log, string setting);

    [LoggerMessage(121, LogLevel.Error, "{Setting} has changed and cannot be read; what was read before stays in force: {Problem} [ODTM4006]")]
    public static partial void NotReloaded(this ILogger log, string setting, string problem);

    [LoggerMessage(123, LogLevel.Error, "The keys of the issuer of tokens cannot be fetched from {Place}, and no token can be judged until they can whose key is not known already: {Problem} [ODTM4007]")]
    public static partial void IssuerIsAway(this ILogger log, string place, string problem);

    [LoggerMessage(124, LogLevel.Information, "The keys of the issuer of tokens were fetched from {Place}")]
    public static partial void IssuerIsBack(this ILogger log, string place);

    [LoggerMessage(122, LogLevel.Warning, "Security is off (Security:AllowAnonymous): whoever reaches {Bind} may read, submit and stop transactions")]
    public static partial void Anonymous(this ILogger log, string bind);
}
