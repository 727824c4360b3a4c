using System.Collections.Immutable;
using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Simulation.Machines;

namespace OrleansDtm.Simulation.Defects;

/// <summary>Every third registration is acknowledged but not stored.</summary>
internal sealed class LostRegistration : Defect
{
    private int _count;

    public override Task<TransactionReply> Post(string word, Func<Task<TransactionReply>> post) =>
        word.StartsWith("reg", StringComparison.Ordinal) && ++_count % 3 == 0
            ? Task.FromResult(new TransactionReply { Kind = ReplyKind.Ok, Status = "prepared" })
            : post();
}

/// <summary>A waiting submitter gets success as soon as its transaction is accepted.</summary>
internal sealed class SuccessToldEarly : Defect
{
    public override async Task<TransactionReply> Post(string word, Func<Task<TransactionReply>> post)
    {
        var reply = await post();
        return word == "submit" && reply is { Kind: ReplyKind.Ok, Status: "submitted" }
            ? reply with { Status = "succeed" }
            : reply;
    }
}

/// <summary>An unavailable store is reported as a rejection, which looks final.</summary>
internal sealed class OutageToldAsRefusal : Defect
{
    public override async Task<TransactionReply> Post(string word, Func<Task<TransactionReply>> post)
    {
        var reply = await post();
        return reply.Kind == ReplyKind.Unavailable ? reply with { Kind = ReplyKind.Conflict } : reply;
    }
}

/// <summary>The orders of a saga are lost: all steps run concurrently.</summary>
internal sealed class OrdersLost : Defect
{
    public override Submission Submission(Submission submission)
    {
        var definition = submission.Definition;
        var options = definition.Options with
        {
            Concurrent = true,
            Orders = ImmutableDictionary<int, ImmutableArray<int>>.Empty,
        };
        return definition.Type == TransactionType.Saga
            ? submission with { Definition = definition with { Options = options } }
            : submission;
    }
}

/// <summary>The options of a submit are ignored: those of its prepare stay.</summary>
internal sealed class SubmitIgnored : Defect
{
    public override Submission Submission(Submission submission) => submission with { Named = NamedOptions.None };
}

/// <summary>The policies of steps are lost: the transaction's options apply.</summary>
internal sealed class PolicyLost : Defect
{
    public override Submission Submission(Submission submission) => submission with
    {
        Branches = [.. submission.Branches.Select(static b => b with { Policy = null })],
    };
}

/// <summary>A call is put aside one error later than asked for.</summary>
internal sealed class PatientParking : Defect
{
    public override Submission Submission(Submission submission)
    {
        var options = submission.Definition.Options;
        return options.GiveUpAfter == 0
            ? submission
            : submission with
            {
                Definition = submission.Definition with
                {
                    Options = options with { GiveUpAfter = options.GiveUpAfter + 1 },
                },
            };
    }
}

/// <summary>The clock runs 10 % too fast: timers are early.</summary>
internal sealed class EarlyTimer : Defect
{
    public override TimeProvider Clock(TimeProvider clock, Process process) => new Fast(clock);

    private sealed class Fast(TimeProvider inner) : OtherClock(inner)
    {
        private readonly DateTimeOffset _start = inner.GetUtcNow();

        public override DateTimeOffset GetUtcNow() => _start + ((base.GetUtcNow() - _start) * 1.1);
    }
}

/// <summary>A clock that wraps another one; a fault overrides its behaviour.</summary>
internal abstract class OtherClock(TimeProvider inner) : TimeProvider
{
    public override long TimestampFrequency => inner.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => inner.GetUtcNow();

    public override long GetTimestamp() => inner.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        inner.CreateTimer(callback, state, dueTime, period);
}

/// <summary>A process uses the wall clock and follows its changes.</summary>
internal sealed class WallClockTrusted : Defect
{
    public override TimeProvider Clock(TimeProvider clock, Process process) => new ProcessClock(process);
}

/// <summary>Timers never fire, and there is no sweep.</summary>
internal sealed class NobodyWakes : Defect
{
    public override int SweepsEvery => 0;

    public override TimeProvider Clock(TimeProvider clock, Process process) => new Deaf(clock);

    private sealed class Deaf(TimeProvider inner) : OtherClock(inner)
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(static _ => { }, state, dueTime, period);
    }
}

/// <summary>A shard is swept only once a minute.</summary>
internal sealed class SlowSweep : Defect
{
    public override int SweepsEvery => 60;
}

/// <summary>There is no sweep: transactions of a dead process are not resumed.</summary>
internal sealed class NobodySweeps : Defect
{
    public override int SweepsEvery => 0;
}

/// <summary>Every process believes it is the sole owner: it treats the calls of others as lost.</summary>
internal sealed class EverybodyAlone : Defect
{
    public override bool SoleOwner(bool alone) => true;
}
