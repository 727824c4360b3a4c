using Microsoft.Extensions.Logging.Abstractions;
using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Grains.Running;
using OrleansDtm.Invokers;
using OrleansDtm.UnitTests.Core;

namespace OrleansDtm.UnitTests.Grains.Faults;

/// <summary>
/// A persistent submitter, branch services, the sweep, and activations that come and go, with a faulty store. Runs on
/// virtual time and one thread.
/// </summary>
internal sealed class FaultWorld
{
    private const string Gid = "g1";
    private const long Me = 7;

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan ServiceTime = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ClientPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ClientPatience = TimeSpan.FromSeconds(5);

    private readonly FaultScenario _scenario;
    private readonly TransactionRun _run;
    private readonly TimeSpan _keepAlive;
    private readonly bool _wait;
    private readonly VirtualTime _time = new(TransactionRun.Start);
    private readonly FaultLaws _laws;
    private readonly Dictionary<string, int> _tries = [];
    private readonly List<(int Request, Task<TransactionReply> Reply)> _open = [];
    private Activation? _activation;
    private DateTimeOffset _nextSweep = TransactionRun.Start + SweepInterval;
    private DateTimeOffset? _ask = TransactionRun.Start;
    private int _request;
    private int _asked;
    private DateTimeOffset? _ended;

    /// <param name="keepAlive">See <see cref="RunnerServices"/>.</param>
    /// <param name="wait">True = submit with wait_result.</param>
    /// <param name="faultAt">Returns the fault of a write by its number, from 1.</param>
    public FaultWorld(FaultScenario scenario, TimeSpan keepAlive, bool wait, Func<int, StoreFault> faultAt)
    {
        // The runner's continuations must run inside this world's events, not in another synchronization context.
        SynchronizationContext.SetSynchronizationContext(null);
        (_scenario, _keepAlive, _wait) = (scenario, keepAlive, wait);
        _run = new TransactionRun(scenario.Layout, scenario.Words, Gid);
        Store = new FaultyStore(_time, faultAt);
        _laws = new FaultLaws(scenario, () => Store.Durable(Gid));
        Store.OnDurable = write =>
        {
            Tell($"durable: version {write.Next.Version}, {Names.Of(write.Next.Status)}");
            _laws.JudgeWrite(write);
        };
        Store.OnFault = Tell;
    }

    public FaultyStore Store { get; }

    /// <summary>The number of attempts of each call.</summary>
    public IReadOnlyDictionary<string, int> Calls => _tries;

    /// <summary>The time from the first request to the end.</summary>
    public TimeSpan Took => _ended!.Value - TransactionRun.Start;

    private bool IsOver => _request == _scenario.Requests.Length
        && Store.Durable(Gid) is { Transaction: { IsFinal: true, Due: null } }
        && _open.Count == 0;

    /// <summary>
    /// Plays until the transaction has ended and no event is left. Throws with the broken law and the story that led to
    /// it.
    /// </summary>
    public FaultWorld Play()
    {
        while (!IsOver || _time.Next is not null)
        {
            _laws.Hold(_time.Now - TransactionRun.Start < Limit, "it ends within half an hour");
            Next();
            Listen();
            _laws.Throw();
            _ended ??= IsOver ? _time.Now : null;
        }

        _laws.JudgeEnd();
        return this;
    }

    public void Hold(bool holds, string law) => _laws.Hold(holds, law);

    private void Tell(string line) => _laws.Tell(_time.Now, line);

    /// <summary>Moves the time to the next event and runs it.</summary>
    private void Next()
    {
        var wake = _activation?.WakeMoment ?? DateTimeOffset.MaxValue;
        var ask = _ask ?? DateTimeOffset.MaxValue;
        var next = new[] { _time.Next ?? DateTimeOffset.MaxValue, wake, ask, _nextSweep }.Min();
        if (_time.Next == next)
        {
            _time.RunNext();
            return;
        }

        _time.MoveTo(next);
        if (wake == next)
        {
            _activation!.Wake();
        }
        else if (ask == next)
        {
            Ask();
        }
        else
        {
            Sweep();
        }
    }

    private void Sweep()
    {
        _nextSweep += SweepInterval;
        var due = Store.FindDue(_time.Now, null, 10, CancellationToken.None);
        if (due.IsCompletedSuccessfully && due.Result.Count > 0)
        {
            Tell("the sweep finds it");
            Activation.Of(this).Runner.Post(TransactionEvent.TimeDue.Instance);
        }
    }

    private void Ask()
    {
        var word = _scenario.Requests[_request];
        Tell($"{word}?");
        _ask = _time.Now + ClientPatience; // The client then repeats the request.
        _asked++;
        _open.Add((_request, Activation.Of(this).Runner.Post(_run.Event(word), _wait && word == "submit")));
    }

    /// <summary>Receives the replies, also to requests that have timed out.</summary>
    private void Listen()
    {
        foreach (var (request, reply) in _open.Where(static o => o.Reply.IsCompleted).ToList())
        {
            _open.RemoveAll(o => o.Reply == reply);
            var word = _scenario.Requests[request];
            Tell($"{word}: {reply.Result.Kind} {reply.Result.Status} {reply.Result.Message}");
            _laws.JudgeReply(word, reply.Result, saidTwice: request < _request || _asked > 1);
            if (request < _request)
            {
                continue;
            }

            if (reply.Result.Kind == ReplyKind.Unavailable)
            {
                _ask = _time.Now + ClientPause;
                continue;
            }

            (_request, _asked) = (_request + 1, 0);
            _ask = _request < _scenario.Requests.Length ? _time.Now : null;
        }
    }

    private Task<CallResult> Serve(string name)
    {
        Tell($"call {name}");
        _laws.JudgeCall(name);
        var tries = _tries[name] = _tries.GetValueOrDefault(name) + 1;
        var outcome = _scenario.Flaky && tries == 1 ? OutcomeKind.Unknown
            : _scenario.Refusing.Contains(name) ? OutcomeKind.Failed
            : OutcomeKind.Succeeded;
        var answer = new TaskCompletionSource<CallResult>();
        _time.After(ServiceTime, () =>
        {
            Tell($"{name} answers {outcome}");
            answer.SetResult(
                new CallResult(new Outcome(outcome, outcome == OutcomeKind.Succeeded ? null : "no"), ServiceTime));
        });
        return answer.Task;
    }

    /// <summary>One activation of the grain.</summary>
    private sealed class Activation : IRunnerHost, IBranchCaller
    {
        private readonly FaultWorld _world;
        private readonly HashSet<string> _underWay = [];
        private bool _done;

        private Activation(FaultWorld world)
        {
            _world = world;
            var services = new RunnerServices(
                world.Store, this, world._time.Clock, Me, world._keepAlive, NullLogger.Instance);
            Runner = new TransactionRunner(Gid, services, this);
        }

        public TransactionRunner Runner { get; }

        public DateTimeOffset? WakeMoment { get; private set; }

        /// <summary>Returns the current activation; a new one if the previous has ended.</summary>
        public static Activation Of(FaultWorld world)
        {
            if (world._activation is { _done: true } gone)
            {
                gone.Runner.Close();
                world._activation = null;
            }

            return world._activation ??= new Activation(world);
        }

        public void Wake()
        {
            WakeMoment = null;
            if (!_done)
            {
                Runner.Wake();
            }
        }

        public void WakeAt(DateTimeOffset? moment) =>
            WakeMoment = moment < _world._time.Now ? _world._time.Now : moment;

        /// <summary>Not needed with one process: the next activation sees the calls itself.</summary>
        public void Orphaned()
        {
        }

        public void Done()
        {
            (_done, WakeMoment) = (true, null);
            _world._time.After(TimeSpan.Zero, () =>
            {
                Runner.Close();
                if (ReferenceEquals(_world._activation, this))
                {
                    _world._activation = null;
                }
            });
        }

        void IBranchCaller.Cancel(string gid)
        {
            // Services may continue a cancelled call.
        }

        public async Task<CallResult> Call(BranchInvocation call)
        {
            var name = call.Url.Split('/')[^1];
            _world._laws.Hold(_underWay.Add(name), $"at most one call of {name} is under way");
            var answer = await _world.Serve(name);
            _underWay.Remove(name);
            return answer;
        }
    }
}
