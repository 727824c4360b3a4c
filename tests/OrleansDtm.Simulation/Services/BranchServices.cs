using System.Globalization;
using System.Text;
using System.Text.Json;
using Grpc.Core;
using OrleansDtm.Core;
using OrleansDtm.Invokers;
using OrleansDtm.Simulation.Engine;
using OrleansDtm.Simulation.Histories;
using OrleansDtm.Simulation.Machines;
using OrleansDtm.Simulation.Plans;

namespace OrleansDtm.Simulation.Services;

/// <summary>All branch services and the network to them. Services never lose data.</summary>
internal sealed class BranchServices(World world, Plan plan, Func<bool> isCalm)
{
    private static readonly TimeSpan ClientTimeout = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan Never = TimeSpan.FromDays(1);

    private readonly Dictionary<string, TransactionPlan> _plans = plan.Transactions.ToDictionary(static t => t.Gid);
    private readonly Dictionary<(string Gid, string Name), int> _counts = [];
    private readonly Dictionary<string, Ledger> _ledgers = plan.Transactions.ToDictionary(
        static t => t.Gid, static _ => new Ledger());
    private int _calls;

    /// <summary>The handlers of branch 00 by gid; true = success.</summary>
    public Dictionary<string, Func<Task<bool>>> Callbacks { get; } = [];

    /// <summary>The time until which all services hang.</summary>
    public TimeSpan HangUntil { get; set; }

    /// <summary>The time until which all services return 503.</summary>
    public TimeSpan FailUntil { get; set; }

    /// <summary>The number of calls that have not reached a service yet.</summary>
    public int UnderWay { get; private set; }

    /// <summary>The number of calls by fate.</summary>
    public Dictionary<Fate, int> Met { get; } = [];

    public Ledger Ledger(string gid) => _ledgers[gid];

    /// <summary>
    /// Makes a branch call for a process, if its payload can be made, with the call's timeout as in production.
    /// </summary>
    public void Call(BranchInvocation unfilled, Process process, TaskCompletionSource<CallResult> answer)
    {
        if (unfilled.Fill(out var call) is { } refused)
        {
            answer.SetResult(new CallResult(refused, TimeSpan.Zero));
            return;
        }

        var (id, name, started) = (++_calls, call.Url[(call.Url.LastIndexOf('/') + 1)..], world.Now);
        world.History.Add(call.Gid, new Called(
            id,
            name,
            call.Attempt,
            process.Name,
            process.Owner,
            call.Timeout,
            Encoding.UTF8.GetString(call.Payload.Span),
            call.Headers?.GetValueOrDefault(Submitters.Requests.Header)));
        var fate = Next(call.Gid, name);
        if (fate.Kind == Fate.Throws)
        {
            world.History.Add(call.Gid, new CallEnded(id, name, OutcomeKind.Unknown, process.Name));
            answer.SetException(new InvalidOperationException("the silo is stopping"));
            return;
        }

        Send(id, call.Gid, name, fate, outcome => process.WhenAwake(() => Learn(Answering(call, id, outcome))));
        world.After(call.Timeout, () => process.WhenAwake(() => Learn(Outcome.Unknown("timeout"))));

        void Learn(Outcome outcome)
        {
            if (answer.Task.IsCompleted)
            {
                return;
            }

            process.Step(FaultKind.KillAtAnswer);
            if (process.IsAlive)
            {
                world.History.Add(call.Gid, new CallEnded(id, name, outcome.Kind, process.Name));
                answer.TrySetResult(new CallResult(outcome, world.Now - started));
            }
        }
    }

    /// <summary>The answer of an action names the call, so that each attempt answers something else.</summary>
    public static string AnswerOf(string gid, string name, int id) =>
        string.Create(CultureInfo.InvariantCulture, $"{gid} {name} {id}");

    private static Outcome Answering(BranchInvocation call, int id, Outcome outcome) =>
        outcome.Kind != OutcomeKind.Succeeded || call.ResultBytesMax == 0
            ? outcome
            : outcome with
            {
                Answer = new StepResult(JsonSerializer.SerializeToUtf8Bytes(
                    new { id = AnswerOf(call.Gid, call.Url[(call.Url.LastIndexOf('/') + 1)..], id) })),
            };

    /// <summary>Makes a branch call for a submitter: the try of a tcc or the first phase of an xa.</summary>
    public Task<Outcome> Call(string gid, string name)
    {
        var answer = new TaskCompletionSource<Outcome>();
        var id = ++_calls;
        world.History.Add(gid, new Called(id, name, 1, "client", 0, ClientTimeout));
        Send(id, gid, name, Next(gid, name), outcome => answer.TrySetResult(outcome));
        world.After(ClientTimeout, () => answer.TrySetResult(Outcome.Unknown("timeout")));
        return answer.Task;
    }

    /// <summary>Returns the fate of the next call of this name.</summary>
    public CallFate Next(string gid, string name)
    {
        var nth = _counts[(gid, name)] = _counts.GetValueOrDefault((gid, name)) + 1;
        var fate = isCalm() ? null : _plans[gid].Fates.FirstOrDefault(f => f.Name == name && f.Nth == nth);
        if (fate is null)
        {
            return new CallFate(name, nth, Fate.Fine, TimeSpan.Zero);
        }

        Met[fate.Kind] = Met.GetValueOrDefault(fate.Kind) + 1;
        return fate;
    }

    private void Send(int id, string gid, string name, CallFate fate, Action<Outcome> back)
    {
        if (world.Now < HangUntil && !isCalm())
        {
            return;
        }

        if (world.Now < FailUntil && !isCalm())
        {
            world.After(world.Between(0.2, 5), () => back(Judge(gid, name, 503, "busy")));
            return;
        }

        switch (fate.Kind)
        {
            case Fate.LostRequest or Fate.Hangs:
                return;
            case Fate.NotConnected:
                world.After(world.Between(0.1, 1), () => back(Outcome.Unknown("connection refused")));
                return;
            case Fate.NoPlace:
                world.After(world.Between(0.1, 1000), () => back(Outcome.NotSent("no place")));
                return;
        }

        UnderWay++;
        world.After(
            fate.Kind == Fate.LateArrival ? fate.Wait : world.Between(0.2, 20),
            () => world.Begin(() => Serve(id, gid, name, fate, back)));
        if (fate.Kind == Fate.Twice)
        {
            UnderWay++;
            world.After(fate.Wait, () => world.Begin(() => Serve(id, gid, name, fate, static _ => { })));
        }
    }

    private async Task Serve(int id, string gid, string name, CallFate fate, Action<Outcome> back)
    {
        UnderWay--;
        var (status, body) = fate.Kind switch
        {
            Fate.Error => (500, "no"),
            Fate.Nonsense => (302, "elsewhere"),
            Fate.Ongoing => (425, "{\"dtm_result\":\"ONGOING\"}"),
            Fate.Refused => (409, "{\"dtm_result\":\"FAILURE\"}"),
            Fate.RefusedInBody => (200, "{\"dtm_result\":\"FAILURE\",\"message\":\"no money\"}"),
            _ => (200, "{\"dtm_result\":\"SUCCESS\"}"),
        };
        var did = $"answers {status}";
        if (fate.Kind is not (Fate.Error or Fate.Nonsense or Fate.Ongoing or Fate.Refused or Fate.RefusedInBody))
        {
            if (name == "q")
            {
                world.History.Add(gid, new Served(id, name, "looks"));
                var yes = await Callbacks[gid]();
                (status, did) = yes ? (200, "says yes") : (409, "says no");
                body = yes ? body : "{\"dtm_result\":\"FAILURE\"}";
            }
            else if (name != "n")
            {
                did = Ledger(gid).Do(int.Parse(name[1..], CultureInfo.InvariantCulture), name[0]);
            }
        }

        world.History.Add(gid, new Served(id, name, did));
        if (fate.Kind == Fate.LostAnswer)
        {
            world.After(world.Between(0.2, 20), () => back(Outcome.Unknown("connection reset")));
            return;
        }

        var outcome = Judge(gid, name, fate.Kind == Fate.DoneButError ? 500 : status, body);
        var wait = fate.Kind is Fate.Slow or Fate.LateAnswer ? fate.Wait : world.Between(0.2, 20);
        world.After(wait < Never ? wait : Never, () => back(outcome));
    }

    /// <summary>Maps a response to an outcome by the production rules for HTTP or gRPC.</summary>
    private Outcome Judge(string gid, string name, int status, string body)
    {
        if (name == "n")
        {
            return OutcomeRules.FromNotice(status, Encoding.UTF8.GetBytes(body));
        }

        return _plans[gid].Protocol == "grpc"
            ? OutcomeRules.FromGrpc(
                status switch
                {
                    200 when body.Contains("FAILURE", StringComparison.Ordinal) => StatusCode.Aborted,
                    200 => StatusCode.OK,
                    409 => StatusCode.Aborted,
                    425 => StatusCode.FailedPrecondition,
                    302 => StatusCode.DataLoss,
                    _ => StatusCode.Internal,
                },
                body)
            : OutcomeRules.FromHttp(status, Encoding.UTF8.GetBytes(body));
    }
}
