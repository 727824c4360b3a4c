using System.CommandLine;
using OrleansDtm.Cli.Api;
using OrleansDtm.Cli.Output;
using OrleansDtm.Protocol;

namespace OrleansDtm.Cli.Commands;

/// <summary>Shows one transaction.</summary>
internal sealed class ShowCommand : OdtmCommand
{
    private readonly Argument<string> _gid = Gid();

    private readonly Option<bool> _full = new("--full") { Description = "show payloads and whole errors" };

    public override Command Build(GlobalOptions options, Terminal terminal)
    {
        var command = new Command(
            "show", "Show a transaction: why it waits, its steps, their calls and attempts. Times are UTC.");
        command.Arguments.Add(_gid);
        command.Options.Add(_full);
        OnRun(command, options, terminal, Run);
        return command;
    }

    private async Task<int> Run(Session session, ParseResult parsed, CancellationToken cancel)
    {
        var found = await Find(session.Coordinator, parsed.GetRequiredValue(_gid), cancel);
        if (session.IsJson)
        {
            session.WriteJson(found.Json);
            return ExitCodes.Done;
        }

        Outline.Write(session.Terminal, Text(found.View, session.Now, parsed.GetValue(_full)).Outlines());
        return ExitCodes.Done;
    }

    public static TransactionText Text(QueryView view, DateTime now, bool isFull = false) =>
        new(view.Transaction!, view.Branches, now, isFull);

    /// <returns>The answer of query; its transaction is not null.</returns>
    /// <exception cref="OdtmException">There is no such transaction, or the coordinator does not answer.</exception>
    public static async Task<Answer<QueryView>> Find(Coordinator coordinator, string gid, CancellationToken cancel)
    {
        var found = await coordinator.Get($"query?gid={Escape(gid)}", ProtocolJson.Default.QueryView, cancel);
        return found.View.Transaction is null
            ? throw new OdtmException(
                ExitCodes.NotFound,
                $"There is no transaction '{gid}' in {coordinator.Name}. Gids are case-sensitive; ended transactions "
                + "are deleted after Store:Retention (7 days).")
            : found;
    }
}
