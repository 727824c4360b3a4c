using OrleansDtm.Client.Redis;
using OrleansDtm.Client.Tests.Databases;
using StackExchange.Redis;
using Xunit;

namespace OrleansDtm.Client.Tests.Barrier;

/// <summary>Barriers for business data in Redis, with the keys and values of DTM's own clients.</summary>
public sealed class RedisBarrierTests(RedisServer server) : IClassFixture<RedisServer>
{
    private readonly IDatabase _redis = server.Database;
    private readonly string _gid = Calls.NewGid();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private RedisKey Account => $"account-{_gid}";

    [Fact]
    public async Task Of_64_calls_at_once_one_takes_effect()
    {
        await _redis.StringSetAsync(Account, 100);
        var results = await Task.WhenAll(
            Enumerable.Range(0, 64).Select(_ => Task.Run(() => Adjust("action", -30), Cancel)));

        Assert.Single(results, BarrierResult.Executed);
        Assert.Equal(63, results.Count(static r => r == BarrierResult.Duplicate));
        Assert.Equal(70, await _redis.StringGetAsync(Account));
        Assert.Equal("op", await _redis.StringGetAsync($"{_gid}-01-action-01"));
    }

    [Theory]
    [InlineData("action", "compensate")]
    [InlineData("try", "cancel")]
    [InlineData("action", "rollback")]
    public async Task What_comes_back_before_it_went_stays_away(string forth, string back)
    {
        Assert.Equal(BarrierResult.NullCompensation, await Adjust(back, 30)); // Even if the account does not exist.
        await _redis.StringSetAsync(Account, 100);
        Assert.Equal(BarrierResult.Duplicate, await Adjust(back, 30));
        Assert.Equal(BarrierResult.Hanging, await Adjust(forth, -30));
        Assert.Equal(100, await _redis.StringGetAsync(Account));
        Assert.Equal("rollback", await _redis.StringGetAsync($"{_gid}-01-{forth}-01"));
        Assert.Equal("op", await _redis.StringGetAsync($"{_gid}-01-{back}-01"));
    }

    [Fact]
    public async Task What_was_done_is_taken_back_once()
    {
        await _redis.StringSetAsync(Account, 30);
        Assert.Equal(BarrierResult.Executed, await Adjust("action", -30));
        Assert.Equal(BarrierResult.Duplicate, await Adjust("action", -30)); // Not rejected, although the balance is 0.
        Assert.Equal(BarrierResult.Executed, await Adjust("compensate", 30));
        Assert.Equal(BarrierResult.Duplicate, await Adjust("compensate", 30));
        Assert.Equal(BarrierResult.Duplicate, await Adjust("action", -30));
        Assert.Equal(30, await _redis.StringGetAsync(Account));
    }

    [Fact]
    public async Task What_is_refused_leaves_no_mark_and_changes_nothing()
    {
        Assert.Equal(_gid, (await Assert.ThrowsAsync<BranchFailureException>(() => Adjust("action", 30))).Gid);
        Assert.False(await _redis.KeyExistsAsync(Account));
        await _redis.StringSetAsync(Account, 20, TimeSpan.FromHours(1));
        await Assert.ThrowsAsync<BranchFailureException>(() => Adjust("action", -30));
        Assert.Equal(20, await _redis.StringGetAsync(Account));
        Assert.NotNull(await _redis.KeyTimeToLiveAsync(Account));
        Assert.Equal(BarrierResult.Executed, await Adjust("action", -20));
    }

    [Fact]
    public async Task Amounts_are_exact_beyond_the_integers_of_Lua()
    {
        const long Large = (1L << 60) + 1;
        await _redis.StringSetAsync(Account, Large);
        await Assert.ThrowsAsync<BranchFailureException>(() => Adjust("action", -Large - 1));
        Assert.Equal(Large, await _redis.StringGetAsync(Account));
        Assert.Equal(BarrierResult.Executed, await Adjust("action", -Large + 1));
        Assert.Equal(1, await _redis.StringGetAsync(Account));
        await Assert.ThrowsAsync<RedisServerException>(() => Calls.Of(_gid, "action", "02").AdjustAsync(
            _redis, Account, long.MaxValue, cancellationToken: Cancel));
        Assert.False(await _redis.KeyExistsAsync($"{_gid}-02-action-01"));
    }

    [Fact]
    public async Task What_failed_is_the_same_barrier_when_the_call_tries_it_again()
    {
        var barrier = Calls.Of(_gid, "action");
        await Assert.ThrowsAsync<BranchFailureException>(
            () => barrier.AdjustAsync(_redis, Account, -30, cancellationToken: Cancel));
        await _redis.StringSetAsync(Account, 100);
        Assert.Equal(
            BarrierResult.Executed, await barrier.AdjustAsync(_redis, Account, -30, cancellationToken: Cancel));
        Assert.Equal(BarrierResult.Duplicate, await Adjust("action", -30));
        Assert.Equal(70, await _redis.StringGetAsync(Account));
    }

    [Fact]
    public async Task Marks_expire_and_may_have_a_prefix()
    {
        await _redis.StringSetAsync(Account, 100);
        var options = new RedisBarrierOptions { Expiry = TimeSpan.FromMinutes(1), KeyPrefix = "{shop}" };
        await Calls.Of(_gid, "action").AdjustAsync(_redis, Account, -30, options, Cancel);
        var left = await _redis.KeyTimeToLiveAsync($"{{shop}}{_gid}-01-action-01");
        Assert.InRange(left!.Value, TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(1));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => new RedisBarrierOptions { Expiry = TimeSpan.FromMilliseconds(999) });
    }

    [Fact]
    public async Task A_script_of_its_own_runs_once_with_its_own_keys_and_values()
    {
        const string Script = """
            local sum = redis.call('HINCRBY', KEYS[1], ARGV[1], ARGV[2]) -- a comment at the end
            return sum + #KEYS + #ARGV
            """;
        var barrier = Calls.Of(_gid, "action");
        var first = await barrier.CallAsync(_redis, Script, [Account], ["red", 5], cancellationToken: Cancel);
        Assert.Equal((BarrierResult.Executed, 8), (first.Result, (int)first.Value!));
        Assert.Equal(BarrierResult.Executed, (await barrier.CallAsync(
            _redis, "redis.call('HSET', KEYS[1], 'blue', 1)", [Account], [], cancellationToken: Cancel)).Result);

        var again = await Calls.Of(_gid, "action").CallAsync(
            _redis, Script, [Account], ["red", 5], cancellationToken: Cancel);
        Assert.Equal((BarrierResult.Duplicate, true), (again.Result, again.Value is null));
        Assert.Equal(5, await _redis.HashGetAsync(Account, "red"));
        await Assert.ThrowsAsync<RedisServerException>(
            () => Calls.Of(_gid, "action", "02").CallAsync(
                _redis, "return redis.error_reply('no')", [], [], cancellationToken: Cancel));
        Assert.False(await _redis.KeyExistsAsync($"{_gid}-02-action-01"));
    }

    [Fact]
    public async Task A_message_is_done_once_or_ruled_out()
    {
        await _redis.StringSetAsync(Account, 100);
        Assert.Equal(
            BarrierResult.Executed,
            await BranchBarrier.ForMessage(_gid).AdjustAsync(_redis, Account, -30, cancellationToken: Cancel));
        Assert.Equal(
            BranchOutcome.Success,
            await Calls.Of(_gid, "msg", "00").QueryPreparedAsync(_redis, cancellationToken: Cancel));
        await Assert.ThrowsAsync<DtmConflictException>(
            () => BranchBarrier.ForMessage(_gid).AdjustAsync(_redis, Account, -30, cancellationToken: Cancel));

        var other = Calls.NewGid();
        Assert.Equal(
            BranchOutcome.Failure,
            await Calls.Of(other, "msg", "00").QueryPreparedAsync(_redis, cancellationToken: Cancel));
        var late = await Assert.ThrowsAsync<DtmConflictException>(
            () => BranchBarrier.ForMessage(other).AdjustAsync(_redis, Account, -30, cancellationToken: Cancel));
        Assert.Equal(other, late.Gid);
        Assert.Equal(70, await _redis.StringGetAsync(Account));
        Assert.Equal("rollback", await _redis.StringGetAsync($"{other}-00-msg-01"));
    }

    [Fact]
    public async Task The_same_gid_in_another_namespace_is_another_call()
    {
        await _redis.StringSetAsync(Account, 100);
        foreach (var space in new[] { "", "shop", "crm" })
        {
            Assert.Equal(BarrierResult.Executed, await In(space));
            Assert.Equal(BarrierResult.Duplicate, await In(space));
        }

        Assert.Equal(70, await _redis.StringGetAsync(Account));

        Task<BarrierResult> In(string space) =>
            new BranchBarrier(new BranchContext("saga", _gid, "01", "action") { Namespace = space })
                .AdjustAsync(_redis, Account, -10, cancellationToken: Cancel);
    }

    private Task<BarrierResult> Adjust(string op, long amount) =>
        Calls.Of(_gid, op).AdjustAsync(_redis, Account, amount, cancellationToken: Cancel);
}
