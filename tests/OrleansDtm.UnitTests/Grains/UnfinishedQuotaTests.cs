using Microsoft.Extensions.Time.Testing;
using OrleansDtm.Core;
using OrleansDtm.Grains.Running;
using OrleansDtm.Grains.Service;
using OrleansDtm.Storage;
using Xunit;
using States = OrleansDtm.Tests.Support.Storage.StoredSamples;

namespace OrleansDtm.UnitTests.Grains;

/// <summary>The bound of unfinished transactions, also of those that end on another silo.</summary>
public sealed class UnfinishedQuotaTests : IAsyncDisposable
{
    private readonly FakeTimeProvider _clock = new(States.Start);
    private readonly InMemoryTransactionStore _store = new();
    private readonly UnfinishedQuota _quota;

    public UnfinishedQuotaTests() => _quota = new UnfinishedQuota(_store, _clock);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_caller_has_its_own_places_and_a_repetition_takes_none()
    {
        Assert.Equal(QuotaPlace.New, await _quota.TryTake("a", 1, "g1"));
        Assert.Equal(QuotaPlace.Held, await _quota.TryTake("a", 1, "g1"));
        await _store.Write(States.Insert(States.Plain("g1")), Token);
        Assert.Equal(QuotaPlace.None, await _quota.TryTake("a", 1, "g2"));
        Assert.Equal(QuotaPlace.New, await _quota.TryTake("b", 1, "g3"));
    }

    [Fact]
    public async Task What_another_silo_has_accepted_goes_on_here_although_no_place_is_free()
    {
        foreach (var gid in (string[])["g1", "elsewhere"])
        {
            await _store.Write(States.Insert(States.Plain(gid)), Token);
        }

        await _quota.TryTake("a", 1, "g1");
        Assert.Equal(QuotaPlace.Held, await _quota.TryTake("a", 1, "elsewhere"));
        Assert.Equal(QuotaPlace.None, await _quota.TryTake("a", 1, "new"));
    }

    [Fact]
    public async Task The_end_on_this_silo_frees_its_place_at_once()
    {
        await _quota.TryTake("a", 1, "g1");
        ((ITransactionObserver)_quota).OnFinished(States.Finish(States.Plain("g1")));
        Assert.Equal(QuotaPlace.New, await _quota.TryTake("a", 1, "g2"));
    }

    [Fact]
    public async Task The_end_on_another_silo_is_found_in_the_store_once_a_second_at_most()
    {
        Transaction[] stored = [States.Plain("g1"), States.Finish(States.Plain("g2"))];
        foreach (var transaction in stored)
        {
            await _store.Write(States.Insert(transaction), Token);
            await _quota.TryTake("a", 2, transaction.Definition.Gid);
        }

        Assert.Equal(QuotaPlace.New, await _quota.TryTake("a", 2, "g3"));

        // g3 was never stored, but it was only looked up before.
        Assert.Equal(QuotaPlace.None, await _quota.TryTake("a", 2, "g4"));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(QuotaPlace.New, await _quota.TryTake("a", 2, "g4"));
    }

    public ValueTask DisposeAsync() => _store.DisposeAsync();
}
