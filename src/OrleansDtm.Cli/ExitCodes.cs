namespace OrleansDtm.Cli;

/// <summary>The exit codes, which scripts depend on.</summary>
internal static class ExitCodes
{
    public const int Done = 0;

    /// <summary>The coordinator did not do it, or the watched transaction has failed.</summary>
    public const int Failed = 1;

    /// <summary>The command line is invalid, or the coordinator refused an argument as invalid.</summary>
    public const int Misused = 2;

    /// <summary>There is no such transaction, branch, topic or subscriber.</summary>
    public const int NotFound = 3;

    /// <summary>No key, an unknown key, or a key without the role (401, 403).</summary>
    public const int Refused = 4;

    /// <summary>No coordinator answers there, or it cannot answer now (503, 429).</summary>
    public const int Unreachable = 5;
}

/// <summary>A command ends without its result.</summary>
/// <param name="exitCode">One of <see cref="ExitCodes"/>.</param>
/// <param name="message">One line: what happened, and what to do.</param>
internal sealed class OdtmException(int exitCode, string message) : Exception(message)
{
    public int ExitCode => exitCode;

    /// <summary>The command line is invalid.</summary>
    public static OdtmException Misuse(string message) => new(ExitCodes.Misused, message);
}
