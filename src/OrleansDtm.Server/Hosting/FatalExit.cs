namespace OrleansDtm.Server.Hosting;

/// <summary>
/// Ends the process when its silo was declared dead by the others, for example after a pause. It ends at once, so that
/// it gets no more requests, and with an exit code that causes a restart. (Orleans would wait two seconds and create a
/// core dump.)
/// </summary>
internal sealed class FatalExit(ILogger<FatalExit> log) : IFatalErrorHandler
{
    /// <summary>Not an invalid setting (2), and not a failed start (1).</summary>
    public const int ExitCode = 3;

    private static readonly TimeSpan ExitLimit = TimeSpan.FromSeconds(5);

    public bool IsUnexpected(Exception exception) => true;

    public void OnFatalException(object? sender, string? context, Exception? exception)
    {
        log.CannotGoOn(exception, context ?? "");

        // The logger may not write any more before the exit.
        Console.Error.WriteLine($"The silo was declared dead or failed. The process exits with code {ExitCode} "
            + $"[ODTM1005]: {context} {exception}");
        new Thread(static () =>
        {
            Thread.Sleep(ExitLimit);
            Environment.FailFast("The process did not end.");
        })
        { IsBackground = true }.Start();
        Environment.Exit(ExitCode);
    }
}
