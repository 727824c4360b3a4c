using OrleansDtm.Grains.Running;
using Xunit;

namespace OrleansDtm.UnitTests.Grains;

/// <summary>
/// The guarantees for a runner: one turn at a time, whichever thread adds it, and without the caller's context.
/// </summary>
public sealed class TurnQueueTests
{
    private readonly TurnQueue _turns = new(TurnScheduler.ThreadPool(TimeProvider.System));

    [Fact]
    public async Task Turns_of_many_threads_and_what_they_await_never_overlap()
    {
        var (inside, count) = (0, 0);
        var overlaps = 0;
        async Task Turn()
        {
            for (var part = 0; part < 3; part++)
            {
                overlaps += Interlocked.Increment(ref inside) - 1;
                count++;
                Interlocked.Decrement(ref inside);
                await Task.Yield();
            }
        }

        await Task.WhenAll(Enumerable.Range(0, 4).Select(number => Unbound(async () =>
        {
            for (var i = 0; i < 500; i++)
            {
                // Half of them on the caller's thread, if possible.
                await (i % 2 == 0 && TryRun(Turn) is { } here ? here : Offer(Turn)!);
            }
        })));

        Assert.Equal((0, 4 * 500 * 3), (overlaps, count));
    }

    [Fact]
    public async Task They_are_run_in_the_order_in_which_they_came()
    {
        List<int> order = [];
        var first = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _turns.Offer(
            _ =>
            {
                started.SetResult();
                first.Task.GetAwaiter().GetResult();
            },
            null);
        await started.Task;
        var all = Enumerable.Range(0, 20).Select(n => Offer(() =>
        {
            order.Add(n);
            return Task.CompletedTask;
        })!).ToList();
        first.SetResult();
        await Task.WhenAll(all);

        Assert.Equal(Enumerable.Range(0, 20), order);
    }

    [Fact]
    public async Task A_free_queue_runs_it_on_the_callers_thread_and_goes_on_in_turns()
    {
        await Unbound(async () =>
        {
            var (here, thread, then) = (Environment.CurrentManagedThreadId, 0, default(SynchronizationContext));
            var turn = TryRun(async () =>
            {
                thread = Environment.CurrentManagedThreadId;
                await Task.Yield();
                then = SynchronizationContext.Current;
            });

            Assert.Equal(here, thread);
            Assert.Null(SynchronizationContext.Current);
            await turn!;
            Assert.Same(_turns, then);
        });
    }

    [Fact]
    public async Task A_continuation_runs_on_the_thread_that_brings_it_unless_that_is_none_of_the_pool()
    {
        var (brought, ran) = (0, 0);
        await Unbound(() =>
        {
            brought = Environment.CurrentManagedThreadId;
            _turns.Post(_ => ran = Environment.CurrentManagedThreadId, null);
            Assert.Null(SynchronizationContext.Current);
            return Task.CompletedTask;
        });
        Assert.Equal(brought, ran);

        var elsewhere = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        var own = new Thread(
            () => _turns.Post(_ => elsewhere.SetResult(Thread.CurrentThread.IsThreadPoolThread), null));
        own.Start();
        Assert.True(await elsewhere.Task);
    }

    [Fact]
    public async Task Who_is_bound_to_a_scheduler_does_not_run_it_himself()
    {
        var grain = new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler;
        Assert.Null(await Task.Factory.StartNew(
            () => TryRun(static () => Task.CompletedTask), CancellationToken.None, TaskCreationOptions.None, grain));
        await Unbound(() =>
        {
            SynchronizationContext.SetSynchronizationContext(new SynchronizationContext());
            Assert.Null(TryRun(static () => Task.CompletedTask));
            SynchronizationContext.SetSynchronizationContext(null);
            return Task.CompletedTask;
        });
    }

    [Fact]
    public async Task What_came_while_it_ran_on_the_callers_thread_is_run_by_the_pool()
    {
        await Unbound(async () =>
        {
            Task? second = null;
            var order = "";
            await TryRun(() =>
            {
                Assert.Null(TryRun(static () => Task.CompletedTask)); // Not even on the same thread.
                second = Offer(() =>
                {
                    order += "2";
                    return Task.CompletedTask;
                });
                order += "1";
                return Task.CompletedTask;
            })!;
            await second!;

            Assert.Equal("12", order);
        });
    }

    [Fact]
    public async Task Nothing_of_the_callers_context_is_in_a_turn()
    {
        await Unbound(async () =>
        {
            var request = new AsyncLocal<string?> { Value = "request" };
            var (at, then, late) = ("", "", "");
            await TryRun(async () =>
            {
                at = request.Value;
                await Task.Yield();
                then = request.Value;
            })!;
            await Offer(() =>
            {
                late = request.Value;
                return Task.CompletedTask;
            })!;

            Assert.Equal((null, null, null), (at, then, late));
            Assert.Equal("request", request.Value);
        });
    }

    [Fact]
    public async Task An_end_waits_for_what_is_there_and_lets_nothing_more_in_but_continuations()
    {
        var (early, late) = (true, false);
        Task? waiting = null;
        await Offer(() =>
        {
            waiting = Offer(static () => Task.CompletedTask);
            early = _turns.TryEnd();
            return Task.CompletedTask;
        })!;
        await waiting!;
        await Offer(() =>
        {
            late = _turns.TryEnd();
            return Task.CompletedTask;
        })!;

        Assert.Equal((false, true), (early, late));
        Assert.Null(Offer(static () => Task.CompletedTask));
        await Unbound(() =>
        {
            Assert.Null(TryRun(static () => Task.CompletedTask));
            return Task.CompletedTask;
        });
        var continued = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _turns.Post(_ => continued.SetResult(), null);
        await continued.Task;
    }

    /// <summary>
    /// Runs code on the pool like a request: without a scheduler and the context of a test framework.
    /// </summary>
    private static Task Unbound(Func<Task> code) => Task.Run(code);

    /// <summary>Runs the turn on the caller's thread; null = it was not run.</summary>
    private Task? TryRun(Func<Task> turn)
    {
        Task? run = null;
        return _turns.TryRun(_ => run = turn(), null) ? run : null;
    }

    /// <summary>Queues the turn; null = it will not be run.</summary>
    private Task? Offer(Func<Task> turn)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        async void Run(object? state)
        {
            try
            {
                await turn();
                done.SetResult();
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        }

        return _turns.Offer(Run, null) ? done.Task : null;
    }
}
