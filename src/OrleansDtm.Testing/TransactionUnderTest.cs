using OrleansDtm.Client;
using OrleansDtm.Core;
using OrleansDtm.Testing.Journals;
using OrleansDtm.Testing.Time;

namespace OrleansDtm.Testing;

/// <summary>
/// A transaction and assertions about it. They wait until it has ended, while time passes if it advances by itself.
/// A failed assertion throws a <see cref="DtmTestException"/> whose message has the timeline.
/// </summary>
public sealed class TransactionUnderTest
{
    private static readonly string[] Undoing =
        [Client.BranchOps.Compensate, Client.BranchOps.Cancel, Client.BranchOps.Rollback];

    private readonly string? _type;
    private readonly Pacer _pacer;
    private readonly Journal _journal;

    internal TransactionUnderTest(string gid, string? type, Pacer pacer, Journal journal) =>
        (Gid, _type, _pacer, _journal) = (gid, type, pacer, journal);

    /// <summary>The gid.</summary>
    public string Gid { get; }

    /// <summary>The status that is stored now; null = the transaction is not stored.</summary>
    public GlobalStatus? Status => State is { } state ? Public(state.Status) : null;

    /// <summary>The rollback reason; empty when it is not rolled back.</summary>
    public string RollbackReason => State?.RollbackReason ?? "";

    /// <summary>When it is processed next if nothing else happens (UTC); null = not at all.</summary>
    public DateTimeOffset? NextDue => State?.WakeAt;

    /// <summary>Its branch calls so far, in their order.</summary>
    public IReadOnlyList<TransactionCall> Calls =>
        _journal.Read<IReadOnlyList<TransactionCall>>(Gid, static story => [.. story.Calls.Select(c => c.Call)]);

    /// <summary>Status changes and calls with their virtual times, as text.</summary>
    public string Timeline => _journal.Read(Gid, story => TimelineText.Of(Gid, story, _pacer.Clock.GetUtcNow()));

    private Transaction? State => _journal.Read(Gid, static story => story.State);

    /// <summary>Returns its calls of one branch.</summary>
    /// <param name="url">The URL without query.</param>
    public IReadOnlyList<TransactionCall> CallsOf(string url)
    {
        ArgumentException.ThrowIfNullOrEmpty(url);
        var normal = Testing.Calls.Scripts.Normal(url);
        return [.. Calls.Where(call => string.Equals(call.Url, normal, StringComparison.OrdinalIgnoreCase))];
    }

    /// <summary>Waits until it has ended.</summary>
    /// <exception cref="DtmTestException">It will not end, or has another pattern.</exception>
    public async Task<TransactionResult> ShouldHaveEnded()
    {
        var verdict = await Wait().ConfigureAwait(false);
        if (!verdict.Ended)
        {
            throw Problem(State is null ? "does not exist" : $"should have ended, but {verdict.Reason}");
        }

        return new TransactionResult(Gid, Status!.Value, RollbackReason);
    }

    /// <summary>Waits for its end; it must be a success.</summary>
    /// <exception cref="DtmTestException">It failed, or will not end.</exception>
    public async Task<TransactionResult> ShouldHaveSucceeded()
    {
        var result = await ShouldHaveEnded().ConfigureAwait(false);
        return result.Succeeded ? result : throw Problem("should have succeeded, but failed");
    }

    /// <summary>Waits for its end; it must be a rollback.</summary>
    /// <param name="reason">A part of the rollback reason. Null (default) = any.</param>
    /// <exception cref="DtmTestException">It succeeded, has another reason, or will not end.</exception>
    public async Task<TransactionResult> ShouldHaveFailed(string? reason = null)
    {
        var result = await ShouldHaveEnded().ConfigureAwait(false);
        if (result.Succeeded)
        {
            throw Problem("should have failed, but succeeded");
        }

        return reason is null || RollbackReason.Contains(reason, StringComparison.Ordinal)
            ? result
            : throw Problem($"should have failed because of '{reason}', but the reason is '{RollbackReason}'");
    }

    /// <summary>
    /// Waits for its end; it must be a rollback in which exactly these branches were undone by a successful call
    /// (compensate, cancel or rollback).
    /// </summary>
    /// <param name="branchIds">Such as "01". None = at least one branch.</param>
    /// <exception cref="DtmTestException">Other branches were undone, it succeeded, or it will not end.</exception>
    public async Task<TransactionResult> ShouldHaveCompensated(params string[] branchIds)
    {
        ArgumentNullException.ThrowIfNull(branchIds);
        var result = await ShouldHaveFailed().ConfigureAwait(false);
        string[] undone =
        [
            .. Calls.Where(static c => c.Outcome == CallOutcome.Succeeded && Undoing.Contains(c.Op))
                .Select(static c => c.BranchId).Distinct().Order(StringComparer.Ordinal),
        ];
        var isRight = branchIds.Length == 0
            ? undone.Length > 0
            : undone.SequenceEqual(branchIds.Distinct().Order(StringComparer.Ordinal));
        return isRight
            ? result
            : throw Problem($"should have compensated {List(branchIds, "a branch")}, but compensated "
                + $"{List(undone, "none")}");
    }

    /// <summary>Waits for its end; a branch must have been called.</summary>
    /// <param name="url">The URL without query.</param>
    /// <param name="times">The number of calls, repeated ones included. Null (default) = at least one.</param>
    /// <exception cref="DtmTestException">The number is different, or it will not end.</exception>
    public async Task ShouldHaveCalled(string url, int? times = null)
    {
        await ShouldHaveEnded().ConfigureAwait(false);
        var calls = CallsOf(url).Count;
        if (times is { } expected ? calls != expected : calls == 0)
        {
            throw Problem($"should have called {url} {(times is null ? "" : $"{times} times ")}but called it "
                + $"{calls} times");
        }
    }

    /// <summary>Waits for its end; a branch must not have been called.</summary>
    /// <param name="url">The URL without query.</param>
    /// <exception cref="DtmTestException">It was called, or it will not end.</exception>
    public Task ShouldNotHaveCalled(string url) => ShouldHaveCalled(url, 0);

    /// <summary>
    /// Waits until nothing is under way; it must be stored and unfinished, so it waits for a retry, a delay, a timeout
    /// or its submitter. For clocks that do not advance by themselves.
    /// </summary>
    /// <exception cref="DtmTestException">It has ended, or does not exist.</exception>
    public async Task ShouldBeWaiting()
    {
        await _pacer.WaitForEnd("", static () => false).ConfigureAwait(false);
        if (State is not { IsFinal: false })
        {
            throw Problem(State is null ? "does not exist" : "should be waiting, but has ended");
        }
    }

    private async Task<Verdict> Wait()
    {
        Verdict verdict;
        try
        {
            verdict = await _pacer.WaitForEnd(Gid, () => State is { IsFinal: true }).ConfigureAwait(false);
        }
        catch (DtmTestException e)
        {
            throw new DtmTestException($"{e.Message}{Environment.NewLine}{Timeline}");
        }

        if (_journal.Read(Gid, static story => story.Problem) is { } problem)
        {
            throw Problem($"cannot end: {problem}");
        }

        return _type is null || State is not { } state || Names.Of(state.Definition.Type) == _type
            ? verdict
            : throw Problem($"should be a {_type}, but is a {Names.Of(state.Definition.Type)}");
    }

    private static string List(string[] ids, string none) => ids.Length == 0 ? none : string.Join(", ", ids);

    private static GlobalStatus Public(TransactionStatus status) => status switch
    {
        TransactionStatus.Prepared => GlobalStatus.Prepared,
        TransactionStatus.Submitted => GlobalStatus.Submitted,
        TransactionStatus.Aborting => GlobalStatus.Aborting,
        TransactionStatus.Succeed => GlobalStatus.Succeeded,
        _ => GlobalStatus.Failed,
    };

    private DtmTestException Problem(string problem) =>
        new($"The transaction {Gid} {problem}.{Environment.NewLine}{Timeline}");
}
