using Microsoft.Extensions.Time.Testing;
using OrleansDtm.Grains.Service;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Security.Access;
using OrleansDtm.Server.Security.Keys;
using OrleansDtm.Storage;
using Xunit;

namespace OrleansDtm.Admin.Tests;

/// <summary>The counts of requests by caller, for the page of keys.</summary>
public sealed class CallerUsageTests
{
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly UnfinishedQuota _quota;
    private readonly CallerUsage _usage;

    public CallerUsageTests()
    {
        _quota = new UnfinishedQuota(new InMemoryTransactionStore(), _clock);
        _usage = new CallerUsage(_clock, _quota, new CoordinatorOptions());
    }

    [Fact]
    public void The_last_minute_in_steps_of_5_s_is_forgotten_and_the_sum_stays()
    {
        var shop = new Caller("shop", Role.Submit, Key("shop"));
        for (var i = 0; i < 30; i++)
        {
            _usage.Add(shop);
            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal((30, 30), Counts("key", "shop"));
        _clock.Advance(TimeSpan.FromSeconds(40));
        Assert.Equal((30, 15), Counts("key", "shop"));
        _clock.Advance(TimeSpan.FromMinutes(5));
        _usage.Add(shop);
        Assert.Equal((31, 1), Counts("key", "shop"));
    }

    [Fact]
    public void A_token_is_not_the_key_of_its_name()
    {
        _usage.Add(new Caller("shop", Role.Submit, Key("shop")));
        _usage.Add(new Caller("shop", Role.Submit));
        _usage.Refuse(new Caller("shop", Role.Submit));

        Assert.Equal(
            [("key", 0), ("token", 1)], _usage.Read().Select(static c => (c.Kind, (int)c.Refused)).Order());
    }

    [Fact]
    public void Subjects_of_an_issuer_cannot_fill_the_memory()
    {
        for (var i = 0; i < CallerUsage.CallersMax + 100; i++)
        {
            _usage.Add(new Caller($"user{i}", Role.Read));
        }

        var read = _usage.Read();

        Assert.Equal(CallerUsage.CallersMax + 1, read.Length);
        Assert.Equal(100, read.Single(static c => c.Name == "others").Requests);
    }

    [Fact]
    public async Task Unfinished_and_refused_submits_are_those_of_the_key_and_of_its_sign_ins()
    {
        var shop = new Caller("shop", Role.Submit, Key("shop") with { UnfinishedMax = 1 });
        _usage.Add(shop);
        await _quota.TryTake("key shop", 1, "g1");
        await _quota.TryTake("key shop", 1, "g2"); // g1 is not in the store, so it gives its place back.
        await _quota.TryTake("key shop", 1, "g3"); // The store is asked once a second: refused.
        await _quota.TryTake("session shop", 1, "g4");

        var read = Assert.Single(_usage.Read());

        Assert.Equal((2, 1L), (read.Unfinished, read.Refused));
        _usage.Add(shop with { Key = Key("shop") }); // Its line has no limit any more.
        Assert.Null(Assert.Single(_usage.Read()).Unfinished);
    }

    private static ApiKey Key(string name) => new(name, Role.Submit, ApiKey.HashOf(name), null);

    private (long All, long Recent) Counts(string kind, string name)
    {
        var found = _usage.Read().Single(c => c.Kind == kind && c.Name == name);
        return (found.Requests, found.LastMinute);
    }
}
