namespace OrleansDtm.Server.Security;

internal static partial class SecurityLog
{
    [LoggerMessage(120, LogLevel.Information, "{Setting} was reloaded")]
    public static partial void Reloaded(this ILogger log, string setting);

    [LoggerMessage(
        121,
        LogLevel.Error,
        "{Setting} has changed and is invalid; the previous content stays in force: {Problem} [ODTM4006]")]
    public static partial void NotReloaded(this ILogger log, string setting, string problem);

    [LoggerMessage(123, LogLevel.Error, "The token issuer's keys cannot be fetched from {Place}. Tokens with unknown "
        + "keys are answered 503 until then: {Problem} [ODTM4007]")]
    public static partial void IssuerIsAway(this ILogger log, string place, string problem);

    [LoggerMessage(124, LogLevel.Information, "The issuer's keys were fetched from {Place}")]
    public static partial void IssuerIsBack(this ILogger log, string place);

    [LoggerMessage(125, LogLevel.Error, "Security:KeysFile cannot be read for {Grace} s. Only the {Count} keys of the "
        + "settings and of its valid lines are accepted from now on [ODTM4006]")]
    public static partial void KeysFileFailsClosed(this ILogger log, double grace, int count);

    [LoggerMessage(126, LogLevel.Warning, "A sign-in from {Address} failed ({Count} in a row): {Problem}")]
    public static partial void SignInFailed(this ILogger log, string address, int count, string problem);

    [LoggerMessage(127, LogLevel.Information, "The store has a new key that encrypts sessions: {Key}")]
    public static partial void SessionKeyCreated(this ILogger log, string key);

    [LoggerMessage(128, LogLevel.Error, "Security:Oidc: the issuer cannot be reached at {Place}. Users cannot sign in "
        + "there until then; API keys still sign in: {Problem} [ODTM4010]")]
    public static partial void SignInIssuerIsAway(this ILogger log, string place, string problem);

    [LoggerMessage(129, LogLevel.Warning, "Refused the connection {Connection}: {Problem}. Refused since the last "
        + "such message: {Count} [ODTM4011]")]
    public static partial void ConnectionRefused(this ILogger log, string connection, string problem, long count);

    [LoggerMessage(122, LogLevel.Warning, "Authentication is off (Security:AllowAnonymous): every client of {Bind} "
        + "may read, submit and stop transactions")]
    public static partial void Anonymous(this ILogger log, string bind);
}
