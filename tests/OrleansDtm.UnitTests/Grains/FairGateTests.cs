using OrleansDtm.Grains.Calls;
using Xunit;

namespace OrleansDtm.UnitTests.Grains;

/// <summary>Slots are bounded and assigned fairly.</summary>
public sealed class FairGateTests
{
    private static readonly CancellationToken Test = TestContext.Current.CancellationToken;

    [Fact]
    public void No_more_places_are_given_than_there_are()
    {
        var gate = new FairGate(2);
        Assert.True(gate.TryEnter("a"));
        Assert.True(gate.TryEnter("b"));
        Assert.False(gate.TryEnter("a"));
        Assert.False(gate.TryEnter("c"));
        gate.Exit("a");
        Assert.True(gate.TryEnter("c"));
    }

    [Fact]
    public void A_key_holds_no_more_than_its_maximum()
    {
        var gate = new FairGate(10, 2);
        Assert.True(gate.TryEnter("a"));
        Assert.True(gate.TryEnter("a"));
        Assert.False(gate.TryEnter("a"));
        Assert.True(gate.TryEnter("b"));
    }

    [Fact]
    public async Task Waiters_of_different_keys_take_turns()
    {
        var gate = new FairGate(1);
        gate.TryEnter("holder");
        var order = new List<string>();
        var waiting = new[] { "a", "a", "a", "b", "c" }.Select(Wait).ToList();
        gate.Exit("holder");
        await Task.WhenAll(waiting);

        Assert.Equal(["a", "b", "c", "a", "a"], order);

        async Task Wait(string key)
        {
            Assert.True(await gate.Enter(key, Test));
            order.Add(key);
            gate.Exit(key);
        }
    }

    [Fact]
    public async Task Namespaces_take_turns_before_their_keys()
    {
        var gate = new FairGate(1);
        gate.TryEnter("holder");
        var order = new List<string>();
        var (busy, calm) = (Enumerable.Range(0, 5).Select(static i => $"\u001fbusy:{i}"), "\u001fcalm:g");
        var waiting = busy.Append(calm).Append("g").Append(calm).Select(Wait).ToList();
        gate.Exit("holder");
        await Task.WhenAll(waiting);

        Assert.Equal(["busy:0", "calm:g", "g", "busy:1", "calm:g", "busy:2", "busy:3", "busy:4"], order);

        async Task Wait(string key)
        {
            Assert.True(await gate.Enter(key, Test));
            order.Add(key.TrimStart('\u001f'));
            gate.Exit(key);
        }
    }

    [Fact]
    public async Task A_waiter_whose_time_is_over_takes_no_place()
    {
        var gate = new FairGate(1);
        gate.TryEnter("a");
        using var cancel = new CancellationTokenSource();
        var (gone, next) = (gate.Enter("b", cancel.Token), gate.Enter("c", Test));
        await cancel.CancelAsync();
        Assert.False(await gone);
        gate.Exit("a");
        Assert.True(await next);
        gate.Exit("c");
        Assert.True(gate.TryEnter("b"));
    }

    [Fact]
    public async Task Of_a_key_at_its_maximum_others_are_served_first()
    {
        var gate = new FairGate(2, 1);
        gate.TryEnter("a");
        gate.TryEnter("b");
        var (blocked, other) = (gate.Enter("a", Test), gate.Enter("c", Test));
        gate.Exit("b");
        Assert.True(await other);
        Assert.False(blocked.IsCompleted);
        gate.Exit("a");
        Assert.True(await blocked);
    }

    [Theory]
    [InlineData(384, 1)]
    [InlineData(384, 9)]
    [InlineData(384, 40)]
    public void However_unevenly_places_are_taken_a_new_key_finds_one(int max, int greedy)
    {
        var gate = new FairGate(max, shares: true);
        for (var key = 0; key < greedy; key++)
        {
            for (var i = 0; i < max; i++)
            {
                gate.TryEnter($"greedy {key}");
            }
        }

        Assert.True(gate.TryEnter("new"));
    }

    [Fact]
    public void Many_keys_with_one_place_each_leave_room_for_one_with_many()
    {
        var gate = new FairGate(384, shares: true);
        for (var key = 0; key < 200; key++)
        {
            gate.TryEnter($"hanging {key}");
        }

        Assert.All(Enumerable.Range(0, 64), _ => Assert.True(gate.TryEnter("healthy")));
    }

    [Theory]
    [InlineData(12, 1)]
    [InlineData(12, 3)]
    [InlineData(384, 9)]
    [InlineData(384, 60)]
    public void However_much_some_keys_want_a_new_one_finds_a_place(int max, int greedy)
    {
        var gate = new FairGate(max, shares: true);
        for (var round = 0; round < max; round++)
        {
            for (var key = 0; key < greedy; key++)
            {
                gate.TryEnter($"greedy {key}");
            }
        }

        Assert.True(gate.TryEnter("new"));
    }

    [Fact]
    public async Task Whatever_happens_in_parallel_no_place_is_lost()
    {
        var gate = new FairGate(3, 2, shares: true);
        var inside = 0;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(
            async () =>
            {
                for (var i = 0; i < 2000; i++)
                {
                    var key = $"{(worker + i) % 5}";
                    using var cancel = new CancellationTokenSource();
                    var entering = gate.Enter(key, cancel.Token);
                    if (i % 7 == 0)
                    {
                        await cancel.CancelAsync();
                    }

                    if (await entering)
                    {
                        Assert.InRange(Interlocked.Increment(ref inside), 1, 3);
                        await Task.Yield();
                        Interlocked.Decrement(ref inside);
                        gate.Exit(key);
                    }
                }
            },
            Test)));

        Assert.True(gate.TryEnter("a") && gate.TryEnter("b") && gate.TryEnter("c"));
    }
}
