using OrleansDtm.Cli.Output;
using OrleansDtm.Protocol;
using Spectre.Console.Rendering;

namespace OrleansDtm.Cli.Commands;

/// <summary>A transaction, until it ends.</summary>
internal sealed class WatchedTransaction(Session session, string gid) : IWatched
{
    private readonly Dictionary<(string Branch, string Op), int> _attempts = [];
    private string? _json;
    private string? _status;

    public async Task<int?> Read(Action<IRenderable>? show, CancellationToken cancel)
    {
        var (view, json) = await ShowCommand.Find(session.Coordinator, gid, cancel);
        var transaction = view.Transaction!;
        if (session.IsJson)
        {
            var text = json.ToJsonString();
            if (text != _json)
            {
                _json = text;
                session.WriteJson(json, onOneLine: true);
            }
        }
        else if (show is not null)
        {
            show(Outline.ForScreen(ShowCommand.Text(view, session.Now).Outlines()));
        }
        else
        {
            WriteChanges(view);
        }

        return !Words.IsFinal(transaction) ? null
            : transaction.Status == "succeed" ? ExitCodes.Done
            : ExitCodes.Failed;
    }

    private void WriteChanges(QueryView view)
    {
        var changes = view.Branches.SelectMany(New).OrderBy(static change => change.At).ToList();
        foreach (var (_, line) in changes)
        {
            session.Terminal.Out.WriteLine(line);
        }

        var transaction = view.Transaction!;
        if (_status == transaction.Status && changes.Count == 0)
        {
            return;
        }

        _status = transaction.Status;
        var state = Words.IsFinal(transaction)
            ? Words.Cut(Words.Clean(transaction.RollbackReason ?? ""), 300)
            : new Waiting(transaction, session.Now).Describe();
        session.Terminal.Out.WriteLine(
            $"{Words.ClockTime(transaction.UpdateTime, session.Now)}  {Words.Clean(transaction.Gid)} "
            + $"{transaction.Status}{(state.Length > 0 ? $": {state}" : "")}");
        session.Terminal.Out.Flush();
    }

    /// <summary>Attempts since the previous reading; only the last ones are kept by the coordinator.</summary>
    private IEnumerable<(DateTime At, string Line)> New(BranchView call)
    {
        var key = (call.BranchId, call.Op);
        var count = call.Attempts - _attempts.GetValueOrDefault(key);
        _attempts[key] = call.Attempts;
        var history = call.History ?? [];
        var first = Math.Max(0, history.Count - count);
        return history.Skip(first).Select((attempt, i) => (
            attempt.Time, Line(call, attempt, call.Attempts - history.Count + first + i + 1)));
    }

    private string Line(BranchView call, AttemptView attempt, int number)
    {
        var error = attempt.Error is { } text ? $": {Words.Cut(Words.Clean(text), 300)}" : "";
        return $"{Words.ClockTime(attempt.Time, session.Now)}  {Words.Clean(call.BranchId)} {Words.Clean(call.Op)} "
            + $"attempt {number}  {attempt.Outcome} in {Words.Milliseconds(attempt.DurationMs)}{error}";
    }
}
