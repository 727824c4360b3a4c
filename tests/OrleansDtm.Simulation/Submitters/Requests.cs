using System.Globalization;
using System.Text;
using System.Text.Json;
using OrleansDtm.Core;
using OrleansDtm.Grains;
using OrleansDtm.Grains.Service;
using OrleansDtm.Protocol;
using OrleansDtm.Simulation.Plans;

namespace OrleansDtm.Simulation.Submitters;

/// <summary>Creates the events of a submitter's requests, through the production validator and messages.</summary>
internal sealed class Requests
{
    private static readonly RequestOptions Options = new()
    {
        RetryInterval = TimeSpan.FromSeconds(4),
        RetryIntervalMax = TimeSpan.FromSeconds(20),
    };

    /// <summary>The first word of a request that retries a call which is put aside.</summary>
    public const string Unpark = "unpark";

    private readonly TransactionPlan _plan;
    private readonly RequestValidator _validator = new(Options);
    private readonly Defects.Defect _defect;

    public Requests(TransactionPlan plan, Defects.Defect defect)
    {
        _plan = plan;
        _defect = defect;
    }

    /// <summary>Returns the event of a request as the front end creates it, and whether the request waits.</summary>
    public (TransactionEvent Event, bool Wait) Event(string word, DateTimeOffset now) => word switch
    {
        "prepare" => (new TransactionEvent.Prepare(Submission(prepare: true, now)), false),
        "submit" => Submit(Submission(prepare: false, now)),
        "abort" => (new TransactionEvent.Abort(_plan.Type, "changed its mind"), false),
        "succeed" => (new TransactionEvent.FinishWorkflow(TransactionStatus.Succeed, "", "done"), false),
        "fail" => (new TransactionEvent.FinishWorkflow(TransactionStatus.Failed, "no", ""), false),
        "retry" => (TransactionEvent.RetryNow.Instance, false),
        "wait" => (TransactionEvent.TimeDue.Instance, true),
        "stop" => (new TransactionEvent.ForceStop(""), false),
        _ when word.StartsWith(Unpark, StringComparison.Ordinal) && word.Split(' ') is [_, var id, var op] =>
            (new TransactionEvent.RetryBranch(id, op), false),
        _ => (Register(word, now), false),
    };

    /// <summary>The header that each policy sets, to the name of its call.</summary>
    public const string Header = "x-call";

    public static string BranchId(int branch) => (branch + 1).ToString("00", CultureInfo.InvariantCulture);

    private Submission Submission(bool prepare, DateTimeOffset now) =>
        _defect.Submission(_validator.Submission(Body(prepare), "", prepare, now));

    private static (TransactionEvent Event, bool Wait) Submit(Submission submission) =>
        (new TransactionEvent.Submit(submission), submission.Definition.Options.WaitResult);

    private TransactionEvent.Register Register(string word, DateTimeOffset now)
    {
        var other = word.EndsWith('!');
        var branch = int.Parse(word.TrimEnd('!')[3..], CultureInfo.InvariantCulture);
        (string, string)[] calls = _plan.Type switch
        {
            TransactionType.Tcc => [(BranchOps.Cancel, Url($"b{branch}")), (BranchOps.Confirm, Url($"f{branch}"))],
            TransactionType.Xa => [(BranchOps.Rollback, Url($"b{branch}")), (BranchOps.Commit, Url($"f{branch}"))],
            _ => [("do", "")],
        };
        return new TransactionEvent.Register(
            _plan.Type,
            BranchPlan.Registered(BranchId(branch), calls, Encoding.UTF8.GetBytes(other ? "other" : "same"), now),
            _plan.Type == TransactionType.Workflow ? BranchStatus.Succeed : BranchStatus.Prepared);
    }

    private TransactionRequest Body(bool prepare)
    {
        var steps = _plan.Type is TransactionType.Saga or TransactionType.Msg ? _plan.Steps : 0;
        var other = prepare ? null : _plan.AtSubmit;
        var asks = _plan.Type == TransactionType.Workflow || (_plan.Type == TransactionType.Msg && prepare);
        return new TransactionRequest
        {
            Gid = _plan.Gid,
            TransType = Names.Of(_plan.Type),
            Protocol = _plan.Protocol,
            Steps =
            [
                .. Enumerable.Range(0, steps).Select(Step),
            ],
            Payloads = [.. Enumerable.Range(0, steps).Select(i => Payload($"a{i}"))],
            Results = _plan.Results ? true : null,
            QueryPrepared = asks ? Url("q") : null,
            CallbackUrl = _plan.Notice ? "http://svc/n" : null,
            CustomData = CustomData(other?.Delay ?? _plan.Delay),
            Concurrent = other is null ? _plan.Concurrent && _plan.Type == TransactionType.Msg : null,
            WaitResult = other is null ? _plan.WaitResult : null,
            TimeoutToFail = other is null ? _plan.TimeoutToFail : null,
            RetryInterval = other?.RetryInterval ?? _plan.RetryInterval,
            RequestTimeout = other?.RequestTimeout ?? _plan.RequestTimeout,
            RetryLimit = _plan.RetryLimit,
            GiveUpAfter = _plan.GiveUpAfter,
            GiveUpAfterSeconds = _plan.GiveUpAfterSeconds,
        };
    }

    private StepRequest Step(int i)
    {
        var step = new StepRequest
        {
            Action = Url($"a{i}"),
            Compensate = _plan.Type == TransactionType.Msg || _plan.NoCompensation.Contains(i) ? "" : Url($"c{i}"),
        };
        if (_plan.Results && step.Compensate.Length > 0)
        {
            step.CompensatePayload = Payload($"c{i}");
        }

        Fill(step, $"a{i}");
        if (_plan.Policies.ContainsKey($"c{i}"))
        {
            step.CompensatePolicy = new CompensatePolicyRequest();
            Fill(step.CompensatePolicy, $"c{i}");
        }

        return step;
    }

    /// <summary>The payload of a call: the parts of results that it uses, by the number of the step.</summary>
    private string Payload(string name)
    {
        var pointer = name == _plan.Lacks ? "/nothing" : "/id";
        var parts = _plan.Uses.GetValueOrDefault(name, []).Select(
            step => $"\"{step}\":{{\"$result\":\"{BranchId(step)}\",\"pointer\":\"{pointer}\"}}");
        return $"{{\"call\":\"{name}\",\"uses\":{{{string.Join(',', parts)}}}}}";
    }

    private void Fill(CallPolicyRequest request, string name)
    {
        if (!_plan.Policies.TryGetValue(name, out var policy))
        {
            return;
        }

        request.RetryLimit = policy.RetryLimit;
        request.RetryInterval = policy.RetryInterval;
        request.RetryBackoff = policy.Constant ? "constant" : null;
        request.RetryIntervalMax = policy.RetryIntervalMax;
        request.RequestTimeout = policy.RequestTimeout;
        request.TimeoutToFail = policy.TimeoutToFail > 0 ? policy.TimeoutToFail : null;
        request.GiveUpAfter = policy.GiveUpAfter > 0 ? policy.GiveUpAfter : null;
        request.GiveUpAfterSeconds = policy.GiveUpAfterSeconds > 0 ? policy.GiveUpAfterSeconds : null;
        request.Headers = new Dictionary<string, string?> { [Header] = name };
    }

    private string? CustomData(double delay) => _plan.Type switch
    {
        TransactionType.Saga when _plan.Concurrent => JsonSerializer.Serialize(new
        {
            concurrent = true,
            orders = _plan.Orders.ToDictionary(
                static o => o.Key.ToString(CultureInfo.InvariantCulture), static o => o.Value.ToArray()),
        }),
        TransactionType.Msg when delay > 0 => JsonSerializer.Serialize(new { delay }),
        TransactionType.Workflow => JsonSerializer.Serialize(new { name = "transfer", data = "" }),
        _ => null,
    };

    private string Url(string name) => _plan.Protocol == "grpc" ? $"svc:5/Bank/{name}" : $"http://svc/{name}";
}
