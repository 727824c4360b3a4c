using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Security.Keys;
using Xunit;

namespace OrleansDtm.WireTests.Security;

/// <summary>Keys are added and removed without a restart.</summary>
public sealed class ApiKeyRingTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();
    private readonly FakeTimeProvider _clock = new();

    [Fact]
    public void A_changed_file_is_in_force_within_seconds_and_a_broken_one_leaves_what_was()
    {
        var (old, fresh) = (ApiKey.New(), ApiKey.New());
        Write(SecuredServer.Line("shop", "submit", old));
        var ring = new ApiKeyRing(new SecurityOptions { KeysFile = _file }, _clock, NullLogger<ApiKeyRing>.Instance);
        Assert.Equal("shop", ring.Find(old, out _)?.Name);

        Write($"{SecuredServer.Line("shop", "submit", old)}\n{SecuredServer.Line("shop-2", "submit", fresh)}\n");
        Assert.Equal(("shop", "shop-2"), (ring.Find(old, out _)?.Name, ring.Find(fresh, out _)?.Name));

        Write(SecuredServer.Line("shop-2", "submit", fresh));
        Assert.Equal((null, "shop-2"), (ring.Find(old, out _)?.Name, ring.Find(fresh, out _)?.Name));

        Write("no key at all");
        Assert.Equal("shop-2", ring.Find(fresh, out _)?.Name);
        File.Delete(_file);
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("shop-2", ring.Find(fresh, out _)?.Name);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_removed_key_ends_though_the_file_cannot_be_read(bool isGone)
    {
        var (removed, kept, configured) = (ApiKey.New(), ApiKey.New(), ApiKey.New());
        Write($"{SecuredServer.Line("removed", "admin", removed)}\n{SecuredServer.Line("kept", "submit", kept)}");
        var ring = new ApiKeyRing(
            new SecurityOptions
            {
                Keys = [ApiKey.Parse(SecuredServer.Line("own", "read", configured), out _)!],
                KeysFile = _file,
            }, _clock, NullLogger<ApiKeyRing>.Instance);
        Assert.Equal(("removed", null), (ring.Find(removed, out _)?.Name, ring.Problem));

        if (isGone)
        {
            File.Delete(_file);
            _clock.Advance(TimeSpan.FromSeconds(2));
        }
        else
        {
            Write($"{SecuredServer.Line("kept", "submit", kept)}\nsha256:damaged");
        }

        // The grace period: both keys still work.
        Assert.Equal(("removed", "kept"), (ring.Find(removed, out _)?.Name, ring.Find(kept, out _)?.Name));
        Assert.Contains("valid for another 300 s [ODTM4006]", ring.Problem, StringComparison.Ordinal);
        Assert.False(ring.IsUndecided(removed));
        _clock.Advance(TimeSpan.FromMinutes(5));

        Assert.Equal(
            (null, isGone ? null : "kept", "own"),
            (ring.Find(removed, out _)?.Name, ring.Find(kept, out _)?.Name, ring.Find(configured, out _)?.Name));
        // The key's sessions end too.
        Assert.Null(ring.FindById(ApiKeyRing.Id(ApiKey.HashOf(removed)), out _));
        Assert.Contains("only the keys on its valid lines are accepted", ring.Problem, StringComparison.Ordinal);
        Assert.Equal(
            (true, isGone, false), (ring.IsUndecided(removed), ring.IsUndecided(kept), ring.IsUndecided(ApiKey.New())));

        Write(SecuredServer.Line("kept", "submit", kept));
        Assert.Equal(
            (null, "kept", null), (ring.Find(removed, out _)?.Name, ring.Find(kept, out _)?.Name, ring.Problem));
    }

    [Fact]
    public void A_file_that_can_be_read_again_is_in_force_though_it_did_not_change()
    {
        var key = ApiKey.New();
        Write(SecuredServer.Line("shop", "submit", key));
        var ring = new ApiKeyRing(new SecurityOptions { KeysFile = _file }, _clock, NullLogger<ApiKeyRing>.Instance);
        File.Move(_file, _file + ".away");
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.NotNull(ring.Problem);
        _clock.Advance(TimeSpan.FromMinutes(5));
        Assert.True(ring.IsEmpty);

        File.Move(_file + ".away", _file);
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(("shop", null), (ring.Find(key, out _)?.Name, ring.Problem));
    }

    [Fact]
    public void A_key_ends_when_it_says()
    {
        var key = ApiKey.New();
        var line = SecuredServer.Line("shop", "submit", key, $"until={_clock.GetUtcNow().AddHours(1):O}");
        var ring = new ApiKeyRing(
            new SecurityOptions { Keys = [ApiKey.Parse(line, out _)!] }, _clock, NullLogger<ApiKeyRing>.Instance);
        Assert.NotNull(ring.Find(key, out _));

        _clock.Advance(TimeSpan.FromHours(1));
        Assert.Null(ring.Find(key, out var expired));
        Assert.True(expired);
    }

    [Fact]
    public void A_short_key_is_none_though_somebody_configured_its_hash()
    {
        const string Short = "hunter2";
        var ring = new ApiKeyRing(
            new SecurityOptions { Keys = [ApiKey.Parse(SecuredServer.Line("shop", "admin", Short), out _)!] },
            _clock,
            NullLogger<ApiKeyRing>.Instance);
        Assert.Null(ring.Find(Short, out _));
    }

    public void Dispose() => File.Delete(_file);

    private void Write(string text)
    {
        File.WriteAllText(_file, text);
        _clock.Advance(TimeSpan.FromSeconds(2));
    }
}
