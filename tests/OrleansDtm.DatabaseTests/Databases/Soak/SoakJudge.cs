using System.Collections.Concurrent;
using System.Diagnostics;

namespace OrleansDtm.DatabaseTests.Databases.Soak;

/// <summary>Checks after the faults that every transaction ends, and that the effects match its end.</summary>
public sealed class SoakJudge(SoakLedger ledger, SoakCoordinator coordinator)
{
    /// <summary>The time after the last fault within which all must be final. The longest retry delay is 5 s.</summary>
    private static readonly TimeSpan EndLimit = TimeSpan.FromMinutes(3);

    private static readonly string[] Unfinished = ["prepared", "submitted", "aborting"];

    private readonly ConcurrentDictionary<(SoakKind Kind, string End), int> _ends = new();

    /// <summary>The number of transactions by kind and end; "none" = it was never accepted.</summary>
    public IEnumerable<string> Ends =>
        from end in _ends
        group end by end.Key.Kind into kind
        orderby kind.Key
        let counts = kind.OrderBy(static e => e.Key.End, StringComparer.Ordinal).Select(
            static e => $"{e.Key.End} {e.Value}")
        select $"{kind.Key}: {string.Join(", ", counts)}";

    public async Task Judge(CancellationToken cancel)
    {
        var clock = Stopwatch.StartNew();
        var options = new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = cancel };
        await Parallel.ForEachAsync(ledger.Cases, options, async (one, token) =>
        {
            var end = await End(one, clock, token);
            _ends.AddOrUpdate((one.Kind, end), 1, static (_, n) => n + 1);
            lock (one)
            {
                foreach (var wrong in Wrongs(one, end))
                {
                    ledger.Violate($"{one} is {end}: {wrong}");
                }
            }
        });

        foreach (var status in Unfinished)
        {
            if (await coordinator.Count(status, cancel) is > 0 and var left)
            {
                ledger.Violate($"{left} transactions (100 = or more) are still {status}");
            }
        }

        CheckBalances();
    }

    private async Task<string> End(SoakCase one, Stopwatch clock, CancellationToken cancel)
    {
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (true)
        {
            var status = await coordinator.Status(one.Gid, cancel);
            if (status is "none" or "succeed" or "failed" || clock.Elapsed > EndLimit)
            {
                return status ?? "unknown";
            }

            await pace.WaitForNextTickAsync(cancel);
        }
    }

    private static IEnumerable<string> Wrongs(SoakCase one, string end)
    {
        if (end == "none" ? one.IsAccepted : end is not ("succeed" or "failed"))
        {
            yield return end == "none" ? "it was answered 200 and is lost" : "it did not end";
        }

        if (end == "none")
        {
            if (one.Branches.Any(static b => b.DoAsked + b.UndoAsked + b.ConfirmAsked > 0 || b.IsDone))
            {
                yield return "nobody knows it, yet its branches were called";
            }

            yield break;
        }

        if (one.Promised is { } promised && promised != end)
        {
            yield return $"{promised} was promised";
        }

        var isTwoPhase = one.Kind is SoakKind.Tcc or SoakKind.Xa;
        foreach (var (index, branch) in one.Branches.Index())
        {
            var facts = $"branch {index + 1}: done {branch.IsDone}, undone {branch.IsUndone}, confirmed "
                + $"{branch.IsConfirmed}, "
                + $"asked {branch.DoAsked}/{branch.UndoAsked}/{branch.ConfirmAsked}, registered {branch.IsRegistered}";
            var right = end == "succeed"
                ? branch is { IsDone: true, UndoAsked: 0 } && branch.IsConfirmed == isTwoPhase
                : branch.IsDone == branch.IsUndone && branch.ConfirmAsked == 0 && !(branch.IsRegistered
                    && branch.UndoAsked == 0);
            if (!right)
            {
                yield return facts;
            }
        }

        if (one.Kind == SoakKind.PreparedMsg && one.IsLocallyCommitted != (end == "succeed"))
        {
            yield return $"its local transaction was committed: {one.IsLocallyCommitted}";
        }

        if (one.Kind is SoakKind.Msg or SoakKind.DelayedMsg && end != "succeed")
        {
            yield return "a message cannot fail";
        }
    }

    private void CheckBalances()
    {
        var expected = new long[ledger.Balances.Count];
        foreach (var branch in ledger.Cases.SelectMany(static c => c.Branches).Where(
            static b => b is { IsDone: true, IsUndone: false }))
        {
            expected[branch.Booking.Account] += branch.Booking.Amount;
        }

        if (!expected.SequenceEqual(ledger.Balances) || ledger.Balances.Sum() != 0)
        {
            ledger.Violate($"money is lost or made: accounts {string.Join(' ', ledger.Balances)}, expected "
                + $"{string.Join(' ', expected)}");
        }
    }
}
