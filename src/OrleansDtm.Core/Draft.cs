using System.Runtime.InteropServices;
using System.Text;

namespace OrleansDtm.Core;

/// <summary>
/// The next state while it is being decided. Mutable inside one call of <see cref="TransactionMachine.Decide"/>, so that a
/// transition copies the branches once and not once per change.
/// </summary>
internal sealed class Draft(Transaction state, DateTimeOffset now)
{
    /// <summary>Reasons and errors are cut to this many characters, DTM's column width.</summary>
    public const int TextMax = 1024;

    /// <summary>How long after its timeout a call may still be on its way back before somebody else may make it again.</summary>
    public static readonly TimeSpan LeaseSlack = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Granted beyond what a call needs, so that the calls which follow soon need no new lease: a stored moment that changes costs every
    /// database a change of its index.
    /// </summary>
    public static readonly TimeSpan LeaseReserve = TimeSpan.FromSeconds(2);

    private readonly Transaction _before = state;
    private readonly DateTimeOffset _uncut = now;
    private BranchOp[]? _branches;
    private List<BranchCall>? _calls;

    public Transaction State { get; private set; } = state;

    /// <summary>The present moment, cut to milliseconds, the precision that is stored.</summary>
    public DateTimeOffset Now { get; } = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMillisecond));

    public bool Changed => _branches is not null || !ReferenceEquals(State, _before);

    public int Count => _branches?.Length ?? State.Branches.Length;

    /// <summary>The call at an index from <see cref="Transaction.NoticeIndex"/> up if it still matters, else null.</summary>
    public BranchOp? Live(int index) => index < 0 || State.IsFinal ? State.Live(index) : this[index];

    public BranchOp this[int index]
    {
        get => index < 0 ? State.At(index) : _branches?[index] ?? State.Branches[index];
        set
        {
            if (index == Transaction.QueryIndex)
            {
                State = State with { Query = value };
                return;
            }

            if (index == Transaction.NoticeIndex)
            {
                State = State with { Notice = value };
                return;
            }

            _branches ??= [.. State.Branches];
            _branches[index] = value;
        }
    }

    /// <summary>The first storable moment at which the wait is over: counted from the uncut present, for a timer must never be early.</summary>
    public DateTimeOffset After(TimeSpan wait) => Storable(_uncut + wait);

    public void Change(Func<Transaction, Transaction> change) => State = change(State);

    public void Add(IEnumerable<BranchOp> branches) => _branches = [.. _branches ?? [.. State.Branches], .. branches];

    /// <summary>Calls the branch, or declares it done when there is nobody to call.</summary>
    public void Start(int index)
    {
        var branch = this[index];
        if (branch.Definition.Url.Length == 0)
        {
            this[index] = branch with { Started = true, Status = BranchStatus.Succeed, Finished = Now, RetryAt = null };
            return;
        }

        this[index] = branch with { Started = true, InFlight = true, RetryAt = null };
        (_calls ??= []).Add(new BranchCall(index, branch.Definition, branch.Attempts + 1));
    }

    /// <summary>Makes the call of query_prepared or the workflow's callback.</summary>
    public void StartCallback()
    {
        State = State with
        {
            Query = State.Query ?? new BranchOp
            {
                Definition = State.Definition.Query
                    ?? throw new InvalidOperationException("This transaction has nobody to ask."),
            },
        };
        Start(Transaction.QueryIndex);
    }

    /// <summary>Lets the calls that wait for a retry be made now.</summary>
    /// <returns>Whether there were any.</returns>
    public bool Hurry()
    {
        var any = false;
        for (var i = Transaction.QueryIndex; i < Count; i++)
        {
            if (Live(i) is { RetryAt: not null, WaitsForOrphan: false } branch)
            {
                this[i] = branch with { RetryAt = Now };
                any = true;
            }
        }

        return any;
    }

    /// <summary>Decides to go forward. Nobody needs to be asked any more.</summary>
    public void GoForward()
    {
        State = State with
        {
            Status = TransactionStatus.Submitted,
            Query = State.Query is null ? null : State.Query with { RetryAt = null },
        };
    }

    /// <summary>Keeps why it did not go forward.</summary>
    public void Explain(string reason) => State = State with { RollbackReason = Cut(reason) };

    /// <summary>Decides to go back. Calls that wait for a retry are not made any more.</summary>
    public void TurnBack(string reason)
    {
        State = State with { Status = TransactionStatus.Aborting, RollbackReason = Cut(reason) };
        for (var i = 0; i < Count; i++)
        {
            if (this[i].RetryAt is not null)
            {
                this[i] = this[i] with { RetryAt = null };
            }
        }
    }

    public void Finish(TransactionStatus status) => State = State with { Status = status, Finished = Now };

    /// <summary>At most <see cref="TextMax"/> characters, without NUL and halves of surrogate pairs: a store may refuse those for ever.</summary>
    public static string Cut(string text)
    {
        var cut = text.Length <= TextMax ? text : text[..(char.IsHighSurrogate(text[TextMax - 1]) ? TextMax - 1 : TextMax)];
        return string.Concat(cut.EnumerateRunes().Select(static r => r.Value == 0 ? Rune.ReplacementChar : r));
    }

    /// <summary>The decision, with the moments at which somebody must come back.</summary>
    public Decision Decide(Pattern pattern)
    {
        if (!Changed)
        {
            return Decision.Unchanged(_before);
        }

        if (_branches is not null)
        {
            State = State with { Branches = ImmutableCollectionsMarshal.AsImmutableArray(_branches), Updated = Now };
        }

        var (wake, lease) = (Wake(State, pattern), Lease(State));
        var next = State.WakeAt == wake && State.LeaseUntil == lease && State.Updated == Now
            ? State
            : State with { Updated = Now, WakeAt = wake, LeaseUntil = lease };
        return new Decision(next, _calls is null ? [] : [.. _calls]);
    }

    /// <summary>The moment, or the first one after it that can be stored.</summary>
    public static DateTimeOffset Storable(DateTimeOffset moment)
    {
        var excess = moment.Ticks % TimeSpan.TicksPerMillisecond;
        return excess == 0 ? moment : moment.AddTicks(TimeSpan.TicksPerMillisecond - excess);
    }

    /// <summary>When something must be done in this state even if nothing happens before; null = never.</summary>
    public static DateTimeOffset? Wake(Transaction next, Pattern pattern)
    {
        DateTimeOffset? wake = !next.IsFinal && pattern.Deadline(next) is { } deadline ? Storable(deadline) : null;
        for (var i = Transaction.NoticeIndex; i < next.Branches.Length; i++)
        {
            if (next.Live(i) is { Status: BranchStatus.Prepared, InFlight: false, RetryAt: { } at } && (wake is null || at < wake))
            {
                wake = at;
            }
        }

        return wake;
    }

    private DateTimeOffset? Lease(Transaction next)
    {
        for (var i = Transaction.NoticeIndex; i < next.Branches.Length; i++)
        {
            if (next.Live(i)?.InFlight == true)
            {
                var needed = Now + next.Definition.Options.RequestTimeout + LeaseSlack;
                return _calls is null || next.LeaseUntil >= needed ? next.LeaseUntil : needed + LeaseReserve;
            }
        }

        return null;
    }
}
