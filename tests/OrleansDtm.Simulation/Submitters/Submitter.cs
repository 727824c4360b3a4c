using System.Globalization;
using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Simulation.Engine;
using OrleansDtm.Simulation.Histories;
using OrleansDtm.Simulation.Machines;
using OrleansDtm.Simulation.Plans;
using OrleansDtm.Simulation.Services;

namespace OrleansDtm.Simulation.Submitters;

/// <summary>
/// The application of one transaction. It follows its pattern and retries until it dies; other clients repeat some of
/// its requests.
/// </summary>
internal sealed class Submitter
{
    private readonly World _world;
    private readonly Cluster _cluster;
    private readonly TransactionPlan _plan;
    private readonly Client _client;
    private readonly LocalTransaction _local = new();
    private readonly HashSet<string> _said = [];
    private int _words;
    private int _extras;

    public Submitter(Cluster cluster, TransactionPlan plan, RequestNumbers numbers)
    {
        (_cluster, _world, _plan) = (cluster, cluster.World, plan);
        _client = new Client(cluster, plan, numbers);
        cluster.Services.Callbacks[plan.Gid] = plan.Type == TransactionType.Workflow
            ? RunWorkflow
            : () => _local.WasMeant(_world);
        _world.After(plan.Start, () => _world.Begin(Run));
        foreach (var extra in plan.Extras)
        {
            _extras++;
            _world.After(plan.Start + extra.After, () => _world.Begin(() => Repeat(extra.Word)));
        }
    }

    public TransactionPlan Plan => _plan;

    /// <summary>True if it has sent all its requests or is dead.</summary>
    public bool IsDone { get; private set; }

    public bool IsQuiet => IsDone && _extras == 0 && _client.UnderWay == 0;

    /// <summary>Retries the calls that are put aside, like an operator, unless a request is pending.</summary>
    public void Unpark(Transaction state)
    {
        if (_client.UnderWay > 0)
        {
            return;
        }

        foreach (var call in state.Branches.Append(state.Query).Where(static b => b?.Parked == true))
        {
            var word = $"{Requests.Unpark} {call!.Definition.Id} {call.Definition.Op}";
            _world.Begin(() => _client.Try(word));
        }
    }

    /// <summary>
    /// Sends a repeated request, or one of another client. Only the submitter may submit or abort first, except for a
    /// tcc or xa, which any client may abort.
    /// </summary>
    private async Task Repeat(string word)
    {
        var mayBeFirst = word is "prepare" or "retry" or "stop" or "wait" || word.EndsWith('!')
            || (word == "abort" && _plan.Type is TransactionType.Tcc or TransactionType.Xa or TransactionType.Saga)
            || (word == "submit" && _plan.Type == TransactionType.Saga);
        if (mayBeFirst || _said.Contains(word))
        {
            await _client.Try(word);
        }

        _extras--;
    }

    private async Task Run()
    {
        switch (_plan.Type)
        {
            case TransactionType.Saga:
                await Say("submit");
                break;
            case TransactionType.Msg:
                await RunMsg();
                break;
            case TransactionType.Tcc or TransactionType.Xa:
                await RunTwoPhase();
                break;
            case TransactionType.Workflow:
                await RunWorkflow();
                break;
        }

        IsDone = true;
    }

    private async Task RunMsg()
    {
        if (!_plan.Prepares)
        {
            Do(_plan.MeansIt, "has committed before");
            await Say("submit");
            return;
        }

        if (await Say("prepare") is not { Kind: ReplyKind.Ok } || !_local.Begin())
        {
            return; // query_prepared came first and inserted the barrier row, so the local transaction must not commit.
        }

        await _world.Delay(_plan.Thinks);
        Do(_plan.MeansIt, _plan.MeansIt ? "commits its local transaction" : "rolls its local transaction back");
        await Say(_plan.MeansIt ? "submit" : "abort");
    }

    private async Task RunTwoPhase()
    {
        if (await Say("prepare") is not { Kind: ReplyKind.Ok })
        {
            return;
        }

        var forward = _plan.MeansIt;
        for (var branch = 0; branch < _plan.Steps && !IsDone; branch++)
        {
            await _world.Delay(_plan.Thinks);
            if (await Say(string.Create(CultureInfo.InvariantCulture, $"reg{branch}")) is not { Kind: ReplyKind.Ok })
            {
                forward = false;
                break;
            }

            var tried = await _cluster.Services.Call(
                _plan.Gid, string.Create(CultureInfo.InvariantCulture, $"t{branch}"));
            if (tried.Kind != OutcomeKind.Succeeded)
            {
                forward = false;
                break;
            }
        }

        await Say(forward ? "submit" : "abort");
    }

    /// <summary>Runs the workflow from its stored progress. Also called by the coordinator's callback.</summary>
    private async Task<bool> RunWorkflow()
    {
        while (true)
        {
            if (await Say("prepare") is not { Kind: ReplyKind.Ok } || _client.Progress is not { } progress)
            {
                return false;
            }

            if (progress.IsFinal)
            {
                return true;
            }

            var next = Enumerable.Range(0, _plan.Steps).FirstOrDefault(
                i => progress.Branches.All(b => b.Definition.Id != Requests.BranchId(i)), -1);
            if (next < 0)
            {
                return await Say(_plan.MeansIt ? "succeed" : "fail") is { Kind: ReplyKind.Ok };
            }

            await _world.Delay(_plan.Thinks);
            _world.History.Add(_plan.Gid, new LocalWork($"does step {next}"));
            if (await Say(string.Create(CultureInfo.InvariantCulture, $"reg{next}")) is not { Kind: ReplyKind.Ok })
            {
                return false;
            }
        }
    }

    private void Do(bool commit, string what)
    {
        _local.End(commit);
        _world.History.Add(_plan.Gid, new LocalWork(what));
    }

    /// <summary>Sends the next request, unless the submitter dies before it.</summary>
    private async Task<TransactionReply?> Say(string word)
    {
        if (++_words == _plan.SubmitterDiesAt)
        {
            _world.History.Add(_plan.Gid, new LocalWork($"dies before it sends {word}"));
            IsDone = true;
            // Never completes. The coordinator resumes a workflow in a separate run.
            await new TaskCompletionSource().Task;
        }

        _said.Add(word);

        return await _client.Say(word);
    }
}
