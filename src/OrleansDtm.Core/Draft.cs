using System.Runtime.InteropServices;
using System.Text;

namespace OrleansDtm.Core;

/// <summary>
/// Builds the next state within one call of <see cref="TransactionMachine.Decide"/>.
/// Mutable, so that a transition copies the branches once and not once per change.
/// </summary>
internal sealed class Draft(Transaction state, DateTimeOffset now, Pattern pattern)
{
    /// <summary>
    /// The maximum length of reasons and errors in characters: DTM's column width. Longer texts are cut.
    /// </summary>
    public const int TextMax = 1024;

    /// <summary>
    /// The time between a call's timeout and the end of its lease, when another silo may repeat the call.
    /// </summary>
    public static readonly TimeSpan LeaseSlack = TimeSpan.FromSeconds(2);

    /// <summary>
    /// The time that a lease covers beyond the call, so that the next calls need no new lease.
    /// Each new lease end costs the database an index update.
    /// </summary>
    public static readonly TimeSpan LeaseReserve = TimeSpan.FromSeconds(2);

    private readonly Transaction _before = state;
    private readonly DateTimeOffset _uncut = now;
    private BranchOp[]? _branches;
    private List<BranchCall>? _calls;

    public Transaction State { get; private set; } = state;

    /// <summary>The current time (UTC), cut to milliseconds, the stored precision.</summary>
    public DateTimeOffset Now { get; } = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMillisecond));

    public bool Changed => _branches is not null || !ReferenceEquals(State, _before);

    public int Count => _branches?.Length ?? State.Branches.Length;

    /// <summary>
    /// Returns the call at an index from <see cref="Transaction.NoticeIndex"/> up; null if it is no longer needed.
    /// </summary>
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

    /// <summary>
    /// Returns the first storable time at which the wait is over. Counts from the uncut current time, so that no timer
    /// fires early.
    /// </summary>
    public DateTimeOffset After(TimeSpan wait) => Storable(_uncut + wait);

    public void Change(Func<Transaction, Transaction> change) => State = change(State);

    public void Add(IEnumerable<BranchOp> branches) => _branches = [.. _branches ?? [.. State.Branches], .. branches];

    /// <summary>Starts the branch call. A call without a URL succeeds at once.</summary>
    public void Start(int index)
    {
        var branch = this[index];
        if (branch.Definition.Url.Length == 0)
        {
            this[index] = branch with { Started = true, Status = BranchStatus.Succeed, Finished = Now, RetryAt = null };
            return;
        }

        this[index] = WithDeadlines(index, branch) with { Started = true, InFlight = true, RetryAt = null };
        (_calls ??= []).Add(new BranchCall(index, branch.Definition, branch.Attempts + 1));
    }

    /// <summary>Starts the query_prepared call or the workflow's callback.</summary>
    public void StartCallback()
    {
        State = State with
        {
            Query = State.Query ?? new BranchOp
            {
                Definition = State.Definition.Query
                    ?? throw new InvalidOperationException("The transaction has no query_prepared URL."),
            },
        };
        Start(Transaction.QueryIndex);
    }

    /// <summary>Makes pending retries due now.</summary>
    /// <param name="resume">True to retry also the calls that are put aside.</param>
    /// <returns>True if there was at least one.</returns>
    public bool Hurry(bool resume)
    {
        var any = false;
        for (var i = Transaction.QueryIndex; i < Count; i++)
        {
            if (resume && Live(i) is { Parked: true })
            {
                Resume(i);
                any = true;
            }
            else if (Live(i) is { RetryAt: not null, WaitsForOrphan: false } branch)
            {
                this[i] = branch with { RetryAt = Now };
                any = true;
            }
        }

        return any;
    }

    /// <summary>Makes a call due that is put aside. Errors and time count from 0 again.</summary>
    public void Resume(int index) =>
        this[index] = this[index] with { Parked = false, GiveUpAt = null, Failures = 0, RetryAt = Now };

    /// <summary>Sets the status to submitted and cancels a pending query_prepared retry.</summary>
    public void GoForward()
    {
        State = State with
        {
            Status = TransactionStatus.Submitted,
            Query = State.Query is null ? null : State.Query with { RetryAt = null },
        };
    }

    /// <summary>Stores the rollback reason.</summary>
    public void Explain(string reason) => State = State with { RollbackReason = Cut(reason) };

    /// <summary>Sets the status to aborting and cancels pending retries.</summary>
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

    /// <summary>
    /// Cuts a text to <see cref="TextMax"/> characters and replaces NUL and unpaired surrogates, which some databases
    /// reject.
    /// </summary>
    public static string Cut(string text)
    {
        var cut = text.Length <= TextMax
            ? text
            : text[..(char.IsHighSurrogate(text[TextMax - 1]) ? TextMax - 1 : TextMax)];
        return string.Concat(cut.EnumerateRunes().Select(static r => r.Value == 0 ? Rune.ReplacementChar : r));
    }

    /// <summary>Returns the decision and sets the next state's wake-up time and lease.</summary>
    public Decision Decide()
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

    /// <summary>Rounds a time up to milliseconds, the stored precision.</summary>
    public static DateTimeOffset Storable(DateTimeOffset moment)
    {
        var excess = moment.Ticks % TimeSpan.TicksPerMillisecond;
        return excess == 0 ? moment : moment.AddTicks(TimeSpan.TicksPerMillisecond - excess);
    }

    /// <summary>
    /// Returns the time at which the state needs processing if no event arrives before (UTC); null = never.
    /// </summary>
    public static DateTimeOffset? Wake(Transaction next, Pattern pattern)
    {
        DateTimeOffset? wake = !next.IsFinal && pattern.Deadline(next) is { } deadline ? Storable(deadline) : null;
        for (var i = Transaction.NoticeIndex; i < next.Branches.Length; i++)
        {
            if (next.Live(i) is { Status: BranchStatus.Prepared, InFlight: false, RetryAt: { } at }
                && (wake is null || at < wake))
            {
                wake = at;
            }
        }

        return wake;
    }

    /// <summary>Sets the times that count from the first attempt.</summary>
    private BranchOp WithDeadlines(int index, BranchOp branch)
    {
        if (index == Transaction.NoticeIndex)
        {
            return branch;
        }

        if (branch is { FailAt: null, Definition.Policy.TimeoutToFail: { } timeout } && timeout > TimeSpan.Zero)
        {
            branch = branch with { FailAt = After(timeout) };
        }

        var giveUp = CallSettings.GiveUpAfterTime(State.Definition.Options, branch.Definition);
        return giveUp > TimeSpan.Zero && branch.GiveUpAt is null && !pattern.FailureIsAnswer(State, index)
            ? branch with { GiveUpAt = After(giveUp) }
            : branch;
    }

    private DateTimeOffset? Lease(Transaction next)
    {
        for (var i = Transaction.NoticeIndex; i < next.Branches.Length; i++)
        {
            if (next.Live(i)?.InFlight == true)
            {
                if (_calls is null)
                {
                    return next.LeaseUntil;
                }

                var timeout = TimeSpan.Zero;
                foreach (var call in _calls)
                {
                    var own = CallSettings.RequestTimeout(next.Definition.Options, call.Branch);
                    timeout = own > timeout ? own : timeout;
                }

                var needed = Now + timeout + LeaseSlack;
                return next.LeaseUntil >= needed ? next.LeaseUntil : needed + LeaseReserve;
            }
        }

        return null;
    }
}
