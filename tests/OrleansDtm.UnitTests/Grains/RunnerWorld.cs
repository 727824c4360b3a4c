using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Grains.Running;
using OrleansDtm.Invokers;
using OrleansDtm.Storage;
using Xunit;

namespace OrleansDtm.UnitTests.Grains;

/// <summary>
/// One runner whose collaborators all respond on the test's own thread, so nothing happens between two lines of a test.
/// Calls are named as in <see cref="Core.SagaRun"/>: a0 is the action of the first step, c0 its compensation.
/// </summary>
internal sealed class RunnerWorld : IBranchCaller, IRunnerHost
{
    public const string Gid = "g1";
    public const long Me = 7;
    public const long Somebody = 8;
    public static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private readonly Dictionary<string, TaskCompletionSource<CallResult>> _open = [];

    public RunnerWorld(ScriptedStore? store = null, bool soleOwner = false, LiveMemory? memory = null)
    {
        // The runner's continuations must run inside the test's calls, not in another synchronization context.
        SynchronizationContext.SetSynchronizationContext(null);
        Store = store ?? new ScriptedStore();
        Runner = new TransactionRunner(
            Gid,
            new RunnerServices(
                Store, this, Clock, Me, TimeSpan.FromSeconds(30), NullLogger.Instance, SoleOwner: soleOwner,
                Memory: memory),
            this);
    }

    public ScriptedStore Store { get; }

    public FakeTimeProvider Clock { get; } = new(Start);

    public TransactionRunner Runner { get; }

    public TransactionOptions Options { get; set; } = new()
    {
        RetryInterval = TimeSpan.FromSeconds(10),
        RequestTimeout = TimeSpan.FromSeconds(3),
    };

    /// <summary>The names of all calls in order, "a0 a1 c0".</summary>
    public List<string> Calls { get; } = [];

    public List<BranchInvocation> Invocations { get; } = [];

    /// <summary>The last requested wake-up.</summary>
    public DateTimeOffset? WakeMoment { get; private set; }

    public int Dones { get; private set; }

    public int Orphans { get; private set; }

    /// <summary>The exception of the next call; null = it is answered.</summary>
    public Exception? CallFails { get; set; }

    /// <summary>Called for each call.</summary>
    public Action<BranchInvocation>? OnCall { get; set; }

    public Transaction Stored => Store.Stored(Gid)!.Transaction;

    public string CallNames => string.Join(' ', Calls);

    public Submission Saga(int steps = 2) => new(
        new TransactionDefinition
        {
            Gid = Gid,
            Type = TransactionType.Saga,
            Created = Clock.GetUtcNow(),
            Options = Options,
        },
        BranchPlan.Of(
            TransactionType.Saga,
            Enumerable.Range(0, steps).Select(
                static i => new BranchStep($"http://bank/a{i}", $"http://bank/c{i}", "{}"u8.ToArray())),
            Clock.GetUtcNow()));

    public Task<TransactionReply> Submit(int steps = 2, bool wait = false) =>
        Runner.Post(new TransactionEvent.Submit(Saga(steps)), wait);

    public Task<TransactionReply> ForceStop() => Runner.Post(new TransactionEvent.ForceStop(""));

    public Task<TransactionReply> RetryNow() => Runner.Post(TransactionEvent.RetryNow.Instance);

    /// <summary>Answers a call in flight.</summary>
    public void Answer(string call, OutcomeKind outcome = OutcomeKind.Succeeded, string? error = null)
    {
        Assert.True(_open.Remove(call, out var open), $"{call} is not under way; calls so far: {CallNames}");
        open.SetResult(new CallResult(new Outcome(outcome, error), TimeSpan.FromMilliseconds(5)));
    }

    /// <summary>Returns a call in flight, so that a test can answer it late.</summary>
    public TaskCompletionSource<CallResult> Open(string call) => _open[call];

    /// <summary>Moves the clock to the requested wake-up and wakes the runner.</summary>
    public void Wake()
    {
        var moment = Assert.NotNull(WakeMoment);
        WakeMoment = null;
        if (moment > Clock.GetUtcNow())
        {
            Clock.SetUtcNow(moment);
        }

        Runner.Wake();
    }

    /// <summary>Stores a saga whose first action is in flight, with an owner.</summary>
    public void StoreInterrupted(long owner, int steps = 2)
    {
        var decision = TransactionMachine.Decide(null, new TransactionEvent.Submit(Saga(steps)), Clock.GetUtcNow());
        Store.WriteBehindTheBack(new TransactionWrite(null, decision.Next! with { Version = 1 }, owner));
    }

    /// <summary>Writes the result of an event as another owner, without the runner's knowledge.</summary>
    public void Elsewhere(TransactionEvent occurred)
    {
        var stored = Stored;
        var next = TransactionMachine.Decide(stored, occurred, Clock.GetUtcNow()).Next! with
        {
            Version = stored.Version + 1,
        };
        Store.WriteBehindTheBack(new TransactionWrite(stored, next, next.HasInFlight ? Somebody : 0));
    }

    /// <summary>Returns the reply, which must be available already.</summary>
    public static TransactionReply Now(Task<TransactionReply> reply)
    {
        Assert.True(reply.IsCompleted, "no reply yet");
        return reply.GetAwaiter().GetResult();
    }

    /// <summary>Answers both actions with success and asserts the end and the calls.</summary>
    public void EndsWell(string calls)
    {
        Assert.Equal(calls, CallNames);
        Assert.Equal(TransactionStatus.Succeed, Stored.Status);
        Assert.All(
            Stored.Branches.Where(static (_, i) => i % 2 == 1),
            static b => Assert.Equal(BranchStatus.Succeed, b.Status));
        Assert.True(Dones > 0, "the runner was not let go");
    }

    /// <summary>The transactions whose calls were cancelled.</summary>
    public List<string> Cancelled { get; } = [];

    void IBranchCaller.Cancel(string gid) => Cancelled.Add(gid);

    Task<CallResult> IBranchCaller.Call(BranchInvocation call)
    {
        var name = call.Url.Split('/')[^1];
        Calls.Add(name);
        Invocations.Add(call);
        OnCall?.Invoke(call);
        if (CallFails is { } failure)
        {
            CallFails = null;
            throw failure;
        }

        var open = new TaskCompletionSource<CallResult>();
        _open[name] = open;
        return open.Task;
    }

    void IRunnerHost.WakeAt(DateTimeOffset? moment) => WakeMoment = moment;

    void IRunnerHost.Done() => Dones++;

    void IRunnerHost.Orphaned() => Orphans++;
}
