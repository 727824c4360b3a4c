using System.CommandLine;

namespace OrleansDtm.Cli.Commands;

/// <summary>A command of odtm.</summary>
internal abstract class OdtmCommand
{
    public abstract Command Build(GlobalOptions options, Terminal terminal);

    /// <summary>Runs the command in a session, which is closed afterwards.</summary>
    protected static void OnRun(
        Command command, GlobalOptions options, Terminal terminal,
        Func<Session, ParseResult, CancellationToken, Task<int>> run) =>
        command.SetAction(async (parsed, cancel) =>
        {
            using var session = new Session(parsed, options, terminal);
            return await run(session, parsed, cancel);
        });

    protected static Argument<string> Gid() => new("GID") { Description = "the transaction" };

    protected static string Escape(string text) => Uri.EscapeDataString(text);
}
