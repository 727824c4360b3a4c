using System.CommandLine;
using OrleansDtm.Cli.Output;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace OrleansDtm.Cli.Commands;

/// <summary>Shows one transaction until it ends, or the unfinished ones until Ctrl+C.</summary>
internal sealed class WatchCommand : OdtmCommand
{
    private readonly Argument<string?> _gid = new("GID")
    {
        Description = "the transaction; without it, a list of the unfinished ones",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<double> _interval = Given.Seconds(
        "--interval", "seconds between two requests", 1, 0.1, 3600);

    private readonly Filters _filters = new();

    private readonly Option<int> _limit = Given.Limit("maximum number of transactions in the list", 30);

    public override Command Build(GlobalOptions options, Terminal terminal)
    {
        var command = new Command(
            "watch",
            "Watch a transaction until it ends (exit code 1 if it failed), or the unfinished transactions. Ctrl+C ends "
            + "it with exit code 0. With --output json each change is one line.");
        command.Arguments.Add(_gid);
        command.Options.Add(_interval);
        command.Options.Add(_limit);
        _filters.AddTo(command);
        OnRun(command, options, terminal, Run);
        return command;
    }

    private async Task<int> Run(Session session, ParseResult parsed, CancellationToken cancel)
    {
        var view = parsed.GetValue(_gid) is { } gid
            ? (IWatched)new WatchedTransaction(session, gid)
            : new WatchedList(session, () => _filters.Queries(parsed, session.Now, true), parsed.GetValue(_limit));
        var interval = TimeSpan.FromSeconds(parsed.GetValue(_interval));
        try
        {
            if (session.IsJson || !session.Terminal.HasScreen)
            {
                return await Follow(session, view, interval, static _ => { }, cancel);
            }

            return await session.Terminal.Screen.Live(new Text("")).StartAsync(
                live => Follow(session, view, interval, picture => live.UpdateTarget(picture), cancel));
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return ExitCodes.Done;
        }
    }

    /// <summary>An outage after the first answer is shown and waited out.</summary>
    private static async Task<int> Follow(
        Session session, IWatched view, TimeSpan interval, Action<IRenderable> show, CancellationToken cancel)
    {
        var isSeen = false;
        while (true)
        {
            try
            {
                var isLive = session.Terminal.HasScreen && !session.IsJson;
                if (await view.Read(isLive ? show : null, cancel) is { } ended)
                {
                    return ended;
                }

                isSeen = true;
            }
            catch (OdtmException e) when (isSeen && e.ExitCode == ExitCodes.Unreachable)
            {
                await session.Terminal.Error.WriteLineAsync(Words.Clean(e.Message));
            }

            await Task.Delay(interval, session.Terminal.Clock, cancel);
        }
    }
}

/// <summary>Something to watch.</summary>
internal interface IWatched
{
    /// <summary>Reads it once and shows what has changed.</summary>
    /// <param name="show">Replaces the picture on the screen; null = changes are written as lines.</param>
    /// <param name="cancel">Ends the request.</param>
    /// <returns>The exit code; null = it goes on.</returns>
    Task<int?> Read(Action<IRenderable>? show, CancellationToken cancel);
}
