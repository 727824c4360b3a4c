using System.Diagnostics;
using System.Text.Json.Nodes;
using OrleansDtm.Tests.Support.Wire;

namespace OrleansDtm.DatabaseTests.Databases.Soak;

/// <summary>Submits one transaction after the other and records what the responses promise.</summary>
public sealed class SoakClient(
    int number, int seed, SoakLedger ledger, SoakCoordinator coordinator, string service, string run)
{
    /// <summary>The time for which a patient client retries a request.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>
    /// The tolerance for clocks. The coordinator reads the machine's clock again at each start, and truncates times to
    /// milliseconds.
    /// </summary>
    private static readonly TimeSpan ClockError = TimeSpan.FromMilliseconds(50);

    private readonly Random _random = new(seed);
    private int _count;

    /// <summary>Runs until it is stopped. The current transaction is completed first.</summary>
    public async Task Run(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await One(Draw());
            await Pause(TimeSpan.FromMilliseconds(_random.Next(400)));
        }
    }

    private static Task Pause(TimeSpan time) => Task.Delay(time, TimeProvider.System);

    private SoakCase Draw()
    {
        var kinds = Enum.GetValues<SoakKind>();
        var kind = kinds[_random.Next(kinds.Length)];
        var refused = kind is SoakKind.RolledBackSaga or SoakKind.RolledBackConcurrentSaga
            || (kind == SoakKind.WaitedSaga && _random.Next(3) == 0);
        var transfer = Transfer.Draw(_random, $"{run}-{number}-{++_count}");
        var (from, to) = (Mend(transfer.From, false), Mend(transfer.To, refused));
        var one = new SoakCase(transfer.Gid, kind, [new SoakBranch(from), new SoakBranch(to)]);
        ledger.Add(one);
        return one;
    }

    /// <summary>Makes the kind, not the drawn transfer, decide whether the branch is rejected.</summary>
    private static Booking Mend(Booking booking, bool refused) => booking with
    {
        Trouble = refused ? Trouble.Refused : booking.Trouble == Trouble.Refused ? Trouble.None : booking.Trouble,
    };

    private Task One(SoakCase one) => one.Kind switch
    {
        SoakKind.PreparedMsg => PreparedMsg(one),
        SoakKind.Tcc or SoakKind.Xa => TwoPhase(one),
        _ => Submitted(one),
    };

    /// <summary>Runs transactions that one request decides: sagas, and messages without a local transaction.</summary>
    private async Task Submitted(SoakCase one)
    {
        var body = Steps(one);
        var waits = one.Kind == SoakKind.WaitedSaga;
        switch (one.Kind)
        {
            case SoakKind.ConcurrentSaga or SoakKind.RolledBackConcurrentSaga:
                body.With("custom_data", """{"concurrent":true}""");
                break;
            case SoakKind.DelayedMsg:
                var delay = _random.Next(1, 40) / 10.0;
                body.With("custom_data", new JsonObject { ["delay"] = delay }.ToJsonString());
                one.NotBefore =
                    Stopwatch.GetTimestamp() + (long)((delay - ClockError.TotalSeconds) * Stopwatch.Frequency);
                break;
        }

        if (waits)
        {
            body.With("wait_result", true);
        }

        var end = one.Refuses ? "failed" : "succeed";
        var (reply, tries) = await Insist("submit", body, isPatient: _random.Next(4) > 0);
        Note(one, reply, tries, waits, end);
        if (!reply.IsUnknown && _random.Next(5) == 0)
        {
            var (again, more) = await Insist("submit", body, isPatient: false);
            Note(one, again, tries + more, waits, end);
        }
    }

    /// <summary>Checks and records the response to a submit.</summary>
    private void Note(SoakCase one, SoakReply reply, int tries, bool waits, string end)
    {
        if (reply.IsUnknown)
        {
            return;
        }

        one.IsAccepted = true;
        ledger.Promise(one, end);
        switch (reply.Kind)
        {
            case SoakAnswer.Ok when waits && end != "succeed":
                ledger.Violate($"{one}: a waiting submit was answered with success");
                break;
            case SoakAnswer.Ongoing when !waits:
                ledger.Violate($"{one}: a submit without wait was answered {reply.Message}");
                break;
            case SoakAnswer.Refused when reply.CurrentStatus is { } status:
                if (tries == 1 || (status != end && !(status == "aborting" && end == "failed")))
                {
                    ledger.Violate($"{one}: should become {end}, submit {tries} was told {reply.Message}");
                }

                break;
            case SoakAnswer.Refused when !waits || end != "failed":
                ledger.Violate($"{one}: should become {end}, submit {tries} was told {reply.Message}");
                break;
        }
    }

    private async Task PreparedMsg(SoakCase one)
    {
        var body = Steps(one).With("query_prepared", service + "/query").With("timeout_to_fail", 2);
        var (prepared, _) = await Insist("prepare", body, isPatient: _random.Next(4) > 0);
        if (prepared.IsUnknown)
        {
            return; // No local transaction was begun, so query_prepared answers FAILURE and the message must fail.
        }

        one.IsAccepted = true;
        var commits = _random.Next(4) > 0 && prepared.Kind == SoakAnswer.Ok && SoakLedger.CommitLocally(one);
        ledger.Promise(one, commits ? "succeed" : "failed");
        if (_random.Next(5) == 0)
        {
            return; // The submitter has crashed. query_prepared returns the result of the local transaction.
        }

        var (reply, _) = await Insist(
            commits ? "submit" : "abort",
            commits ? body : PatternBodies.Of(one.Gid, "msg"),
            isPatient: _random.Next(4) > 0);
        if (reply.Kind == SoakAnswer.Refused && reply.CurrentStatus != (commits ? "succeed" : "failed"))
        {
            ledger.Violate($"{one}: local transaction committed: {commits}, told {reply.Message}");
        }
    }

    /// <summary>tcc and xa: registers branches and does their work, then decides or crashes.</summary>
    private async Task TwoPhase(SoakCase one)
    {
        var type = one.Kind == SoakKind.Tcc ? "tcc" : "xa";
        var head = PatternBodies.Of(one.Gid, type);
        var (prepared, _) = await Insist(
            "prepare", PatternBodies.Of(one.Gid, type).With("timeout_to_fail", 4), isPatient: _random.Next(4) > 0);
        if (prepared.IsUnknown)
        {
            return;
        }

        one.IsAccepted = true;
        var good = prepared.Kind == SoakAnswer.Ok && _random.Next(5) > 0;
        for (var i = 0; i < one.Branches.Count && good; i++)
        {
            var (registered, _) = await Insist("registerBranch", Branch(one, i), isPatient: true);
            one.Branches[i].IsRegistered = registered.Kind == SoakAnswer.Ok;
            good = one.Branches[i].IsRegistered && ledger.Try(one, one.Branches[i]);
        }

        var isGone = _random.Next(6) == 0;
        if (!good || isGone)
        {
            ledger.Promise(one, "failed");
        }

        if (isGone)
        {
            return; // The transaction fails at its timeout.
        }

        var (reply, _) = await Insist(good ? "submit" : "abort", head, isPatient: _random.Next(4) > 0);
        if (reply.Kind == SoakAnswer.Ok)
        {
            ledger.Promise(one, good ? "succeed" : "failed");
        }
        else if (reply.Kind == SoakAnswer.Refused)
        {
            ledger.Promise(one, reply.CurrentStatus is "succeed" or "submitted" ? "succeed" : "failed");
        }
    }

    private JsonObject Branch(SoakCase one, int index)
    {
        var body = PatternBodies.Of(one.Gid, one.Kind == SoakKind.Tcc ? "tcc" : "xa").With(
            "branch_id", $"0{index + 1}");
        return one.Kind == SoakKind.Tcc
            ? body.With("data", one.Branches[index].Payload).With("confirm", service + "/confirm").With(
                "cancel", service + "/cancel")
            : body.With("data", "").With("url", service + "/xa");
    }

    private JsonObject Steps(SoakCase one)
    {
        var isSaga = one.Kind is SoakKind.Saga or SoakKind.RolledBackSaga or SoakKind.ConcurrentSaga
            or SoakKind.RolledBackConcurrentSaga or SoakKind.WaitedSaga;
        var steps = one.Branches.Select(_ => (JsonNode)(isSaga
            ? new JsonObject { ["action"] = service + "/do", ["compensate"] = service + "/undo" }
            : new JsonObject { ["action"] = service + "/do" }));
        return PatternBodies.Of(one.Gid, isSaga ? "saga" : "msg")
            .With("steps", new JsonArray([.. steps]))
            .With("payloads", new JsonArray([.. one.Branches.Select(static b => (JsonNode)b.Payload)]));
    }

    /// <summary>Sends a request; a patient client retries it while the outcome is unknown.</summary>
    private async Task<(SoakReply Reply, int Tries)> Insist(string api, JsonObject body, bool isPatient)
    {
        var clock = Stopwatch.StartNew();
        for (var tries = 1; ; tries++)
        {
            var reply = await coordinator.Post(api, body, CancellationToken.None);
            if (!reply.IsUnknown || !isPatient || clock.Elapsed > Patience)
            {
                return (reply, tries);
            }

            await Pause(TimeSpan.FromMilliseconds(_random.Next(100, 500)));
        }
    }
}
