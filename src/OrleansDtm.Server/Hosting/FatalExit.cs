namespace OrleansDtm.Server.Hosting;

/// <summary>
/// Ends the process when the silo in it cannot go on: it has been declared dead by the others, say, because it was paused. At once, so
/// that nobody goes on sending requests to it, and with an exit code that makes whoever started it start it again. (Orleans itself
/// would wait two seconds and then have the system write a core dump.)
/// </summary>
internal sealed class FatalExit(ILogger<FatalExit> log) : IFatalErrorHandler
{
    /// <summary>Not a wrong setting (2) and not a start that failed (1).</summary>
    public const int ExitCode = 3;

    private static readonly TimeSpan ExitLimit = TimeSpan.FromSeconds(5);

    public bool IsUnexpected(Exception exception) => true;

    public void OnFatalException(object? sender, string? context, Exception? exception)
    {
        log.CannotGoOn(exception, context ?? "");

        // The logger may be too late; this is not.
        Console.Error.WriteLine($"The silo cannot go on, and this process ends with {ExitCode} [ODTM1005]: {context} {exception}");
        new Thread(static () =>
        {
            Thread.Sleep(ExitLimit);
            Environment.FailFast("The process did not end.");
        })
        { IsBackground = true }.Start();
        Environment.Exit(ExitCode);
    }
}
