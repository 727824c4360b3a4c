using OrleansDtm.Core;
using OrleansDtm.Testing.Time;

namespace OrleansDtm.Testing.Journals;

/// <summary>What has happened to each transaction, in virtual time. Thread-safe.</summary>
internal sealed class Journal(Pacer pacer)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Story> _stories = new(StringComparer.Ordinal);

    /// <summary>A transaction was written; called in its turn, before the write is acknowledged.</summary>
    public void Stored(Transaction next)
    {
        var gid = next.Definition.Gid;
        bool hasProblem;
        lock (_gate)
        {
            var story = Find(gid);
            story.Created ??= next.Definition.Created;
            if (story.State is not { } before || before.Status != next.Status)
            {
                story.Statuses.Add((story.NextOrder++, pacer.Clock.GetUtcNow(), Names.Of(next.Status)));
            }

            story.State = next;
            hasProblem = story.Problem is not null;
        }

        pacer.Due(gid, hasProblem ? null : next.WakeAt, next.Status == TransactionStatus.Prepared);
        if (next.IsFinal)
        {
            pacer.Tell(gid, new Verdict(true, ""));
        }
    }

    /// <summary>
    /// An error of the test's set-up: the transaction cannot end, so its retries do not move the time.
    /// </summary>
    public void Problem(string gid, string problem)
    {
        lock (_gate)
        {
            Find(gid).Problem ??= problem;
        }

        pacer.Due(gid, null, prepared: false);
        pacer.Tell(gid, new Verdict(false, problem));
    }

    /// <summary>A branch is called.</summary>
    public TransactionCall Called(
        string gid, string branchId, string op, string url, int attempt, string fault)
    {
        lock (_gate)
        {
            var story = Find(gid);
            var call = new TransactionCall(
                gid,
                branchId,
                op,
                url,
                attempt > 0 ? attempt : 1 + story.Calls.Count(c => c.Call.Url == url && c.Call.Op == op),
                pacer.Clock.GetUtcNow(),
                fault);
            story.Calls.Add((story.NextOrder++, call));
            return call;
        }
    }

    public void Answered(TransactionCall call, CallOutcome outcome, string? error)
    {
        lock (_gate)
        {
            call.End(pacer.Clock.GetUtcNow(), outcome, error);
        }
    }

    /// <summary>Reads a transaction's story, under the lock.</summary>
    public T Read<T>(string gid, Func<Story, T> read)
    {
        lock (_gate)
        {
            return read(_stories.GetValueOrDefault(gid) ?? new Story());
        }
    }

    /// <summary>The calls of all transactions, in the order of their times.</summary>
    public IReadOnlyList<TransactionCall> AllCalls()
    {
        lock (_gate)
        {
            return [.. _stories.Values.SelectMany(static s => s.Calls).Select(static c => c.Call)
                .OrderBy(static c => c.At)];
        }
    }

    private Story Find(string gid)
    {
        if (!_stories.TryGetValue(gid, out var story))
        {
            _stories.Add(gid, story = new Story());
        }

        return story;
    }
}

/// <summary>What has happened to one transaction.</summary>
internal sealed class Story
{
    public DateTimeOffset? Created { get; set; }

    /// <summary>The last stored state; null = it was not stored.</summary>
    public Transaction? State { get; set; }

    public List<(int Order, DateTimeOffset At, string Status)> Statuses { get; } = [];

    public List<(int Order, TransactionCall Call)> Calls { get; } = [];

    public int NextOrder { get; set; }

    /// <summary>An error of the test's set-up; null = none.</summary>
    public string? Problem { get; set; }
}
