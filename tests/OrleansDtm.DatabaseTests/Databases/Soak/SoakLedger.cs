using System.Collections.Concurrent;
using System.Diagnostics;
using OrleansDtm.Tests.Support.Wire;

namespace OrleansDtm.DatabaseTests.Databases.Soak;

/// <summary>Accounts behind a barrier for every pattern. Knows each transaction and reports forbidden events.</summary>
/// <param name="tell">Called with each violation when it is detected.</param>
public sealed class SoakLedger(Action<string> tell)
{
    private readonly ConcurrentDictionary<string, SoakCase> _cases = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> _violations = new();
    private readonly long[] _balances = new long[Bank.Accounts];

    public ICollection<SoakCase> Cases => _cases.Values;

    public IReadOnlyList<string> Violations => [.. _violations];

    public IReadOnlyList<long> Balances => _balances;

    public void Add(SoakCase one) => _cases[one.Gid] = one;

    public void Violate(string what)
    {
        if (_violations.Count < 1000)
        {
            _violations.Enqueue(what);
            tell("VIOLATION " + what);
        }
    }

    public void Promise(SoakCase one, string end)
    {
        lock (one)
        {
            if (one.Promised is { } before && before != end)
            {
                Violate($"{one}: the coordinator said '{before}' and then '{end}'");
            }

            one.Promised = end;
        }
    }

    /// <summary>Returns the participant's response to a call of the coordinator.</summary>
    public Reply Answer(string gid, string branch, string op, string body)
    {
        if (!_cases.TryGetValue(gid, out var one))
        {
            Violate($"{gid}: it was not submitted, yet branch {branch} was called for {op}");
            return Reply.Error;
        }

        lock (one)
        {
            if (branch == "00")
            {
                return AnswerQuery(one);
            }

            if (!int.TryParse(branch, out var number) || number < 1 || number > one.Branches.Count)
            {
                Violate($"{one}: there is no branch {branch}");
                return Reply.Error;
            }

            var mine = one.Branches[number - 1];
            if (one.Kind != SoakKind.Xa && body != mine.Payload)
            {
                Violate($"{one}: branch {branch} was sent '{body}', not its payload");
            }

            return op switch
            {
                "action" => Do(one, mine, branch),
                "compensate" or "cancel" or "rollback" => Undo(one, mine, branch),
                "confirm" or "commit" => Confirm(one, mine, branch),
                _ => throw new InvalidOperationException($"unknown op {op}"),
            };
        }
    }

    /// <summary>Does a tcc's try or an xa's work for the client. Returns false if it is too late for it.</summary>
    public bool Try(SoakCase one, SoakBranch branch)
    {
        lock (one)
        {
            if (branch.IsBarred)
            {
                return false;
            }

            Book(branch, forward: true);
            return branch.IsDone = true;
        }
    }

    /// <summary>
    /// Commits the local transaction of a msg's submitter. Returns false if query_prepared came first: it is then
    /// rolled back.
    /// </summary>
    public static bool CommitLocally(SoakCase one)
    {
        lock (one)
        {
            return one.IsLocallyCommitted = !one.IsLocallyBarred;
        }
    }

    private static Reply AnswerQuery(SoakCase one)
    {
        one.IsLocallyBarred |= !one.IsLocallyCommitted;
        return one.IsLocallyCommitted ? Reply.Success : Reply.Refusal;
    }

    private static Reply? Stumble(Trouble trouble, int nth, bool before) => nth > 1
        ? null
        : (trouble, before) switch
        {
            (Trouble.Error, true) or (Trouble.ErrorAfterwards, false) => Reply.Error,
            (Trouble.Ongoing, true) => Reply.Ongoing,
            (Trouble.AnswerLost, false) => Reply.Success with { Drops = true },
            _ => null,
        };

    private Reply Do(SoakCase one, SoakBranch branch, string id)
    {
        var nth = ++branch.DoAsked;
        if (branch.UndoAnswered)
        {
            Violate($"{one}: action {id} came after its compensation was answered 200");
        }

        if (one.NotBefore > 0 && nth == 1 && id == "01")
        {
            var now = Stopwatch.GetTimestamp();
            one.Lateness = Stopwatch.GetElapsedTime(one.NotBefore, now);
            if (now < one.NotBefore)
            {
                Violate($"{one}: called {Stopwatch.GetElapsedTime(now, one.NotBefore).TotalMilliseconds} ms early");
            }
        }

        if (one.Kind == SoakKind.PreparedMsg && !one.IsLocallyCommitted)
        {
            Violate($"{one}: sent, though its local transaction was not committed");
        }

        if (branch.Booking.Trouble == Trouble.Refused)
        {
            return Reply.Refusal;
        }

        if (Stumble(branch.Booking.Trouble, nth, before: true) is { } stumble)
        {
            return stumble;
        }

        if (!branch.IsDone && !branch.IsBarred)
        {
            branch.IsDone = true;
            Book(branch, forward: true);
        }

        return Stumble(branch.Booking.Trouble, nth, before: false) ?? Reply.Success;
    }

    private Reply Undo(SoakCase one, SoakBranch branch, string id)
    {
        var nth = ++branch.UndoAsked;
        if (one.Branches.Any(static b => b.ConfirmAsked > 0))
        {
            Violate($"{one}: branch {id} is to be undone, though another was told to confirm");
        }

        if (Stumble(branch.Booking.Trouble, nth, before: true) is { } stumble)
        {
            return stumble;
        }

        branch.IsBarred = true;
        if (branch is { IsDone: true, IsUndone: false })
        {
            branch.IsUndone = true;
            Book(branch, forward: false);
        }

        var reply = Stumble(branch.Booking.Trouble, nth, before: false) ?? Reply.Success;
        branch.UndoAnswered |= reply is { Status: 200, Drops: false };
        return reply;
    }

    private Reply Confirm(SoakCase one, SoakBranch branch, string id)
    {
        var nth = ++branch.ConfirmAsked;
        if (one.Branches.Any(static b => b.UndoAsked > 0))
        {
            Violate($"{one}: branch {id} is to be confirmed, though another was told to undo");
        }

        if (!branch.IsDone)
        {
            Violate($"{one}: branch {id} is to be confirmed, though its try never succeeded");
        }

        if (Stumble(branch.Booking.Trouble, nth, before: true) is { } stumble)
        {
            return stumble;
        }

        branch.IsConfirmed = true;
        return Stumble(branch.Booking.Trouble, nth, before: false) ?? Reply.Success;
    }

    private void Book(SoakBranch branch, bool forward) =>
        Interlocked.Add(
            ref _balances[branch.Booking.Account], forward ? branch.Booking.Amount : -branch.Booking.Amount);
}
