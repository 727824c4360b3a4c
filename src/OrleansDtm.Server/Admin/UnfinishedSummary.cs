using OrleansDtm.Core;
using OrleansDtm.Storage;

namespace OrleansDtm.Server.Admin;

/// <summary>
/// Unfinished transactions by status and age, counted at most every few seconds for all viewers together.
/// </summary>
internal sealed class UnfinishedSummary(ITransactionStore store, TimeProvider clock) : IDisposable
{
    private static readonly TimeSpan KeepCounts = TimeSpan.FromSeconds(2);

    /// <summary>Ages read a row each; counts read only an index, so ages are read less often.</summary>
    private static readonly TimeSpan KeepAgesOfMany = TimeSpan.FromSeconds(15);

    /// <summary>Interval after a failed count, to spare a store in trouble.</summary>
    private static readonly TimeSpan KeepProblem = TimeSpan.FromSeconds(10);

    private const long FewRows = 10_000;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan[] Ages =
        [TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(10), TimeSpan.FromHours(1), TimeSpan.FromDays(1)];

    private readonly SemaphoreSlim _counting = new(1);
    private DateTimeOffset _countAgainAt = DateTimeOffset.MinValue;
    private DateTimeOffset _agedAt = DateTimeOffset.MinValue;
    private IReadOnlyList<long>? _older;
    private UnfinishedView _last = new() { Counts = [], Ages = [] };

    public void Dispose() => _counting.Dispose();

    /// <summary>Does not throw on a store failure: the overview must work during an outage.</summary>
    public async Task<UnfinishedView> Read(CancellationToken cancellationToken)
    {
        await _counting.WaitAsync(cancellationToken);
        try
        {
            var now = clock.GetUtcNow();
            if (now >= _countAgainAt)
            {
                _last = await Count(now, cancellationToken);
                _countAgainAt = now + (_last.Problem is null ? KeepCounts : KeepProblem);
            }

            return _last;
        }
        finally
        {
            _counting.Release();
        }
    }

    private async Task<UnfinishedView> Count(DateTimeOffset now, CancellationToken cancellationToken)
    {
        try
        {
            var counts = await InTime(
                token => store.CountUnfinished(now - Waiting.OverdueAfter, token), cancellationToken);
            var all = counts.Sum(static c => c.Count);
            if (now - _agedAt >= (all > FewRows ? KeepAgesOfMany : KeepCounts))
            {
                _older = await CountOlder(now, cancellationToken);
                _agedAt = now;
            }

            return new UnfinishedView
            {
                Counts = [.. counts.Select(UnfinishedCountView.Of)],
                Ages = _older is null ? [] : [.. AgesOf(_older, all)],
            };
        }
        catch (Exception e) when (e is StoreUnavailableException or TimeoutException)
        {
            return new UnfinishedView
            {
                Counts = [],
                Ages = [],
                Problem = e is TimeoutException ? "the store takes too long to count" : e.Message,
            };
        }
    }

    /// <summary>Null when there are too many to read; their number is known, their ages are not.</summary>
    private async Task<IReadOnlyList<long>?> CountOlder(DateTimeOffset now, CancellationToken cancellationToken)
    {
        try
        {
            return await InTime(
                token => store.CountUnfinishedCreatedBefore([.. Ages.Select(age => now - age)], token),
                cancellationToken);
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    /// <exception cref="TimeoutException">The count took too long; parts that have not started are not
    /// started.</exception>
    private async Task<T> InTime<T>(Func<CancellationToken, Task<T>> count, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Limit, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return await count(either.Token).WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException();
        }
    }

    private static IEnumerable<AgeView> AgesOf(IReadOnlyList<long> older, long all)
    {
        // The two counts are not taken at the same time.
        yield return new AgeView { FromSeconds = 0, Count = Math.Max(0, all - older[0]) };
        for (var i = 0; i < Ages.Length; i++)
        {
            yield return new AgeView
            {
                FromSeconds = (long)Ages[i].TotalSeconds,
                Count = older[i] - (i + 1 < Ages.Length ? older[i + 1] : 0),
            };
        }
    }
}
