using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Storage;
using OrleansDtm.UnitTests.Core;
using Xunit;

namespace OrleansDtm.UnitTests.Grains.Faults;

/// <summary>
/// The invariants under any store faults. Checks durable rows, calls of branches and replies to the submitter, never
/// the runner's own state.
/// </summary>
internal sealed class FaultLaws(FaultScenario scenario, Func<StoredTransaction?> durable)
{
    private readonly List<string> _story = [];
    private readonly HashSet<string> _called = [];
    private TransactionStatus _final;
    private string? _broken;

    public void Tell(DateTimeOffset now, string line) =>
        _story.Add($"{(now - TransactionRun.Start).TotalSeconds:0.000} {line}");

    public void Hold(bool holds, string law)
    {
        if (!holds)
        {
            _broken ??= $"Broken: {law}.{Environment.NewLine}{string.Join(Environment.NewLine, _story)}";
            Throw();
        }
    }

    /// <summary>
    /// Fails if a law was broken earlier. The runner treats an exception in a call as a response, so it hides the first
    /// failure.
    /// </summary>
    public void Throw()
    {
        if (_broken is not null)
        {
            Assert.Fail(_broken);
        }
    }

    public void JudgeWrite(TransactionWrite write)
    {
        Hold(_final == TransactionStatus.None || write.Next.Status == _final, "an end is the end");
        _final = write.Next.IsFinal ? write.Next.Status : TransactionStatus.None;
    }

    /// <summary>Checks a call of a branch.</summary>
    public void JudgeCall(string name)
    {
        var index = scenario.Layout.Index(name);
        var stored = durable()?.Transaction;
        Hold(stored is not null, "only what is stored is called");
        var branch = stored!.At(index);
        Hold(branch is { Started: true, InFlight: true }, "a call is durable before it is made");
        Hold(branch.Status == BranchStatus.Prepared, "nothing is called again whose success is durable");
        switch (name[0])
        {
            case 'a':
                Hold(stored.Status == TransactionStatus.Submitted, "an action is called only while submitted");
                Hold(!_called.Contains("c" + name[1..]), "no action after its compensation");
                Hold(
                    ActionsBefore(stored, int.Parse(name[1..])).All(a => stored.At(a).Status == BranchStatus.Succeed),
                    "success is durable before the next step");
                break;
            case 'c':
                Hold(stored.Status == TransactionStatus.Aborting, "a compensation is called only while aborting");
                Hold(_called.Contains("a" + name[1..]), "no compensation for what was never called");
                break;
            case 'f' or 'b':
                Hold(
                    stored.Status == (name[0] == 'f' ? TransactionStatus.Submitted : TransactionStatus.Aborting),
                    "the decision is durable before its calls");
                Hold(!_called.Any(c => c[0] == (name[0] == 'f' ? 'b' : 'f')), "never both forward and back");
                break;
        }

        _called.Add(name);
    }

    /// <summary>Checks a reply to the submitter.</summary>
    /// <param name="word">The request.</param>
    /// <param name="reply">The reply.</param>
    /// <param name="saidTwice">True if the request was repeated after "unavailable" or a timeout.</param>
    public void JudgeReply(string word, TransactionReply reply, bool saidTwice)
    {
        var stored = durable()?.Transaction;
        switch (reply.Kind)
        {
            case ReplyKind.Unavailable:
                return;
            case ReplyKind.Ok:
                Hold(stored is not null, "no success for what is not stored");
                Hold(HasHappened(word, stored!), "no success for what is not durable");
                Hold(
                    reply.Status is not ("succeed" or "failed") || reply.Status == Names.Of(stored!.Status),
                    "an end is told only when it is durable");
                return;
            default:
                Hold(
                    saidTwice && stored is not null && HasHappened(word, stored),
                    $"nothing is refused ({reply.Kind}: {reply.Message}) that has not happened already");
                return;
        }
    }

    public void JudgeEnd()
    {
        var (stored, owner) = (durable()!.Transaction, durable()!.Owner);
        Hold(
            stored.Status == scenario.Ends,
            $"it ends as its branches say ({Names.Of(scenario.Ends)}, not {Names.Of(stored.Status)})");
        Hold(stored.Due is null && owner == 0, "nothing is left to do");
        var calls = Enumerable.Range(0, stored.Branches.Length)
            .Where(i => stored.At(i).Definition.Url.Length > 0)
            .ToDictionary(scenario.Layout.Name);
        foreach (var (name, index) in calls)
        {
            var (done, called) = (stored.At(index).Status == BranchStatus.Succeed, _called.Contains(name));
            var wanted = name[0] switch
            {
                'a' or 'f' => scenario.Ends == TransactionStatus.Succeed,
                'c' => scenario.Ends == TransactionStatus.Failed && _called.Contains("a" + name[1..]),
                _ => scenario.Ends == TransactionStatus.Failed,
            };
            Hold(!wanted || done, $"{name} is done");
            Hold(!done || called, $"{name} was called if it is done");
            Hold(wanted || name[0] == 'a' || !called, $"{name} is not called");
        }

        var registered = scenario.Requests.Count(static r => r.StartsWith("reg", StringComparison.Ordinal));
        Hold(
            !scenario.Layout.Registers || stored.Branches.Length == registered * scenario.Layout.Calls.Length,
            "every accepted branch is kept, once");
    }

    private bool HasHappened(string word, Transaction stored) => word switch
    {
        "prepare" => true,
        "submit" => stored.Status is not (TransactionStatus.Prepared or TransactionStatus.None),
        "abort" => stored.Status is TransactionStatus.Aborting or TransactionStatus.Failed,
        "succeed" => stored.Status == TransactionStatus.Succeed,
        "fail" => stored.Status == TransactionStatus.Failed,
        _ => stored.Branches.Length >= (int.Parse(word[3..]) + 1) * scenario.Layout.Calls.Length,
    };

    private IEnumerable<int> ActionsBefore(Transaction stored, int step)
    {
        var options = stored.Definition.Options;
        var before = options.Concurrent
            ? options.Orders.GetValueOrDefault(step, [])
            : Enumerable.Range(0, step);
        return before.Select(s => scenario.Layout.Index($"a{s}"));
    }
}
