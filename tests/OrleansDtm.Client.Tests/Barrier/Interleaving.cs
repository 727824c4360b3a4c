using System.Data;
using System.Data.Common;
using OrleansDtm.Client.Tests.Databases;

namespace OrleansDtm.Client.Tests.Barrier;

/// <summary>
/// One branch with everything that a network and a coordinator may do to it: calls that are repeated, concurrent,
/// reordered, cancelled, or that fail before or after their effect. Afterwards, as a coordinator does, it repeats the
/// calls that must succeed until they do. The final effects do not depend on the order, so the test can compare them.
/// </summary>
internal sealed class Interleaving(Bank bank, string gid, Random random, int account)
{
    private const long Amount = 7;

    private static readonly (string Forth, string? Back)[] Kinds =
        [
            ("action", null),
            ("action", "compensate"),
            ("action", "rollback"),
            ("try", "cancel"),
            ("try", null),
            ("msg", null),
        ];

    private readonly (string Forth, string? Back) _kind = Kinds[random.Next(Kinds.Length)];
    private readonly List<BranchOutcome> _answers = [];
    private bool _executed;

    /// <summary>The results of the barriers, for the report.</summary>
    public List<string> Verdicts { get; } = [];

    /// <summary>The expected change of the account's balance.</summary>
    public long Expected { get; private set; }

    /// <summary>The ops that must have taken effect once at the end.</summary>
    public string[] ExpectedEffects { get; private set; } = [];

    /// <returns>A violation; null = none so far.</returns>
    public async Task<string?> Run()
    {
        foreach (var wave in Waves())
        {
            await Task.WhenAll(wave.Select(fault => Task.Run(fault)));
        }

        if (_kind.Forth == "msg")
        {
            return await EndOfMessage();
        }

        var last = _kind.Back ?? (_kind.Forth == "try" ? "confirm" : _kind.Forth);
        if (last == "confirm")
        {
            await UntilDone("try"); // The initiator confirms only after a successful try.
        }

        await UntilDone(last);
        foreach (var late in new[] { _kind.Forth, last }.Where(_ => random.Next(2) == 0))
        {
            await UntilDone(late);
        }

        // A compensated branch has no effect: either both ops took effect or none.
        Expected = _kind.Back is null ? -Amount : 0;
        ExpectedEffects = last == "confirm"
            ? ["try", "confirm"]
            : _kind.Back is null
            ? [last]
            : _executed
            ? [_kind.Forth, last]
            : [];
        return null;
    }

    /// <summary>
    /// Draws waves of calls. A wave starts when the previous one has ended; its calls run concurrently.
    /// </summary>
    private List<List<Func<Task>>> Waves()
    {
        var waves = new List<List<Func<Task>>> { new() };
        for (var calls = random.Next(2, 8); calls > 0; calls--)
        {
            var op = _kind.Back is not null && random.Next(2) == 0 ? _kind.Back : _kind.Forth;
            var ask = _kind.Forth == "msg" && random.Next(3) == 0;
            var (fault, isolation, own) = (
                (Fault)random.Next(5),
                random.Next(2) == 0 ? IsolationLevel.ReadCommitted : IsolationLevel.RepeatableRead,
                random.Next(3) > 0);
            waves[^1].Add(ask ? Ask : () => Try(op, fault, isolation, own));
            if (random.Next(3) == 0)
            {
                waves.Add([]);
            }
        }

        return waves;
    }

    private async Task<string?> EndOfMessage()
    {
        do
        {
            await Ask();
        }
        while (_answers[^1] == BranchOutcome.Ongoing);

        var final = _answers[^1];
        Expected = final == BranchOutcome.Success ? -Amount : 0;
        ExpectedEffects = final == BranchOutcome.Success ? ["msg"] : [];
        await Try("msg", Fault.None, IsolationLevel.Unspecified, own: true);
        await Ask();
        return _answers.All(answer => answer == final || answer == BranchOutcome.Ongoing)
            ? null
            : $"the answers contradict each other: {string.Join(' ', _answers)}";
    }

    private async Task UntilDone(string op)
    {
        while (!await Try(op, Fault.None, IsolationLevel.Unspecified, own: true))
        {
        }
    }

    private async Task Ask()
    {
        await using var connection = bank.Connect();
        var answer = await Calls.Of(gid, "msg", "00").QueryPreparedAsync(connection, CancellationToken.None);
        lock (Verdicts)
        {
            _answers.Add(answer);
            Verdicts.Add($"query {answer}");
        }
    }

    /// <returns>True if the call was answered with 200, whatever the barrier's result.</returns>
    private async Task<bool> Try(string op, Fault fault, IsolationLevel isolation, bool own)
    {
        using var cancellation = new CancellationTokenSource();
        if (fault == Fault.CancelBefore)
        {
            await cancellation.CancelAsync();
        }

        try
        {
            await using var connection = bank.Connect();
            var verdict = own
                ? await Barrier(op).CallAsync(connection, isolation, Business, cancellation.Token)
                : await InCallersTransaction(connection);
            Note(op, verdict.ToString());
            return true;
        }
        catch (Exception e)
            when (e is InjectedFault or OperationCanceledException or BranchOngoingException or DtmConflictException
                || (e is DbException error && BarrierFaults.IsConflict(error, bank.Dialect)))
        {
            Note(op, e.GetType().Name);
            return false;
        }

        async Task<BarrierResult> InCallersTransaction(DbConnection connection)
        {
            await connection.OpenAsync(CancellationToken.None);
            await using var transaction = await connection.BeginTransactionAsync(isolation, CancellationToken.None);
            var verdict = await Barrier(op).CallAsync(transaction, Business, cancellation.Token);
            await transaction.CommitAsync(CancellationToken.None);
            return verdict;
        }

        async Task Business(DbTransaction transaction)
        {
            if (fault == Fault.ThrowBefore)
            {
                throw new InjectedFault();
            }

            await Task.Yield();
            await Bank.Move(transaction, op == _kind.Back ? Amount : op == "confirm" ? 0 : -Amount, account);
            await Bank.Execute(
                transaction.Connection!, $"insert into effect (gid, op) values ('{gid}', '{op}')", transaction);
            if (fault == Fault.ThrowAfter)
            {
                throw new InjectedFault();
            }

            if (fault == Fault.CancelAfter)
            {
                await cancellation.CancelAsync();
                cancellation.Token.ThrowIfCancellationRequested();
            }
        }
    }

    private BranchBarrier Barrier(string op) => op == "msg" ? BranchBarrier.ForMessage(gid) : Calls.Of(gid, op);

    private void Note(string op, string verdict)
    {
        lock (Verdicts)
        {
            Verdicts.Add(verdict);
            _executed |= op == _kind.Forth && verdict == nameof(BarrierResult.Executed);
        }
    }

    private enum Fault
    {
        None,
        ThrowBefore,
        ThrowAfter,
        CancelBefore,
        CancelAfter,
    }

    private sealed class InjectedFault : Exception;
}
