using System.Text.Json;

namespace OrleansDtm.Tests.Support.Wire;

/// <summary>
/// Accounts behind a barrier: each op of a branch takes effect once. A compensation whose action never took effect does
/// nothing, and prevents a later effect of that action.
/// </summary>
public sealed class Bank
{
    public const int Accounts = 10;

    private readonly Lock _lock = new();
    private readonly long[] _balances = new long[Accounts];
    private readonly HashSet<(string Gid, string Branch, string Op)> _barrier = [];
    private readonly HashSet<(string Gid, string Branch, string Op)> _effects = [];
    private readonly Dictionary<(string Gid, string Branch, string Op), int> _asked = [];
    private readonly HashSet<(string Gid, string Branch)> _undone = [];
    private readonly List<string> _violations = [];

    /// <summary>Counts the calls.</summary>
    public Tally Calls { get; } = new();

    /// <summary>Actions that arrived after their own compensation had been answered with 200.</summary>
    public IReadOnlyList<string> Violations => Locked<IReadOnlyList<string>>(() => [.. _violations]);

    public IReadOnlyList<long> Balances => Locked<IReadOnlyList<long>>(() => [.. _balances]);

    public bool TookEffect(string gid, string branch, string op) => Locked(() => _effects.Contains((gid, branch, op)));

    public int Asked(string gid, string branch, string op) => Locked(() => _asked.GetValueOrDefault((gid, branch, op)));

    /// <summary>
    /// Answers a call. The lock serializes concurrent calls, so the order of arrival is well defined.
    /// </summary>
    public Reply Answer(Call call)
    {
        var reply = Locked(() => Decide(call));
        Calls.Add();
        return reply;
    }

    private Reply Decide(Call call)
    {
        var key = (call.Gid, call.Branch, call.Op);
        var booking = JsonSerializer.Deserialize<Booking>(call.Body)!;
        var nth = _asked[key] = _asked.GetValueOrDefault(key) + 1;
        var action = call.Op == "action";
        if (action && _undone.Contains((call.Gid, call.Branch)))
        {
            _violations.Add($"{call.Gid} {call.Branch}: action {nth} (call {call.Order}) came after its compensation "
                + "was answered 200");
        }

        if (action && booking.Trouble == Trouble.Refused)
        {
            return Reply.Refusal;
        }

        if (nth == 1 && booking.Trouble is Trouble.Error or Trouble.Ongoing)
        {
            return booking.Trouble == Trouble.Error ? Reply.Error : Reply.Ongoing;
        }

        Book(key, booking, action);
        if (nth == 1 && booking.Trouble == Trouble.ErrorAfterwards)
        {
            return Reply.Error;
        }

        if (nth == 1 && booking.Trouble == Trouble.AnswerLost)
        {
            return Reply.Success with { Drops = true };
        }

        if (!action)
        {
            _undone.Add((call.Gid, call.Branch));
        }

        return Reply.Success;
    }

    private void Book((string Gid, string Branch, string Op) key, Booking booking, bool action)
    {
        var actionCameNever = !action && _barrier.Add((key.Gid, key.Branch, "action"));
        if (!_barrier.Add(key) || actionCameNever)
        {
            return; // A repetition, or there is nothing to undo.
        }

        _effects.Add(key);
        _balances[booking.Account] += action ? booking.Amount : -booking.Amount;
    }

    private T Locked<T>(Func<T> work)
    {
        lock (_lock)
        {
            return work();
        }
    }
}

/// <summary>A count that can be awaited.</summary>
public sealed class Tally
{
    private readonly Lock _lock = new();
    private readonly List<(int At, TaskCompletionSource Reached)> _waiting = [];
    private int _count;

    public void Add()
    {
        lock (_lock)
        {
            _count++;
            foreach (var (_, reached) in _waiting.Where(w => w.At == _count))
            {
                reached.TrySetResult();
            }
        }
    }

    /// <summary>Completes when this many more have been added.</summary>
    public Task Next(int more)
    {
        lock (_lock)
        {
            TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add((_count + more, reached));
            return reached.Task;
        }
    }
}
