using System.Collections.Immutable;
using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Simulation.Machines;

namespace OrleansDtm.Simulation.Defects;

/// <summary>A registration is answered and forgotten, every third time.</summary>
internal sealed class LostRegistration : Defect
{
    private int _count;

    public override Task<TransactionReply> Post(string word, Func<Task<TransactionReply>> post) =>
        word.StartsWith("reg", StringComparison.Ordinal) && ++_count % 3 == 0
            ? Task.FromResult(new TransactionReply { Kind = ReplyKind.Ok, Status = "prepared" })
            : post();
}

/// <summary>A submitter that waits is told success when its transaction was accepted.</summary>
internal sealed class SuccessToldEarly : Defect
{
    public override async Task<TransactionReply> Post(string word, Func<Task<TransactionReply>> post)
    {
        var reply = await post();
        return word == "submit" && reply is { Kind: ReplyKind.Ok, Status: "submitted" } ? reply with { Status = "succeed" } : reply;
    }
}

/// <summary>A store that is away is answered with a refusal, which looks final.</summary>
internal sealed class OutageToldAsRefusal : Defect
{
    public override async Task<TransactionReply> Post(string word, Func<Task<TransactionReply>> post)
    {
        var reply = await post();
        return reply.Kind == ReplyKind.Unavailable ? reply with { Kind = ReplyKind.Conflict } : reply;
    }
}

/// <summary>The orders of a saga are lost on the way in: everything runs side by side.</summary>
internal sealed class OrdersLost : Defect
{
    public override Submission Submission(Submission submission)
    {
        var definition = submission.Definition;
        var options = definition.Options with { Concurrent = true, Orders = ImmutableDictionary<int, ImmutableArray<int>>.Empty };
        return definition.Type == TransactionType.Saga ? submission with { Definition = definition with { Options = options } } : submission;
    }
}

/// <summary>What a submit names itself is not heeded: its prepare's options stay.</summary>
internal sealed class SubmitIgnored : Defect
{
    public override Submission Submission(Submission submission) => submission with { Named = NamedOptions.None };
}

/// <summary>The clock runs a tenth too fast: waits are over early.</summary>
internal sealed class EarlyTimer : Defect
{
    public override TimeProvider Clock(TimeProvider clock, Process process) => new Fast(clock);

    private sealed class Fast(TimeProvider inner) : OtherClock(inner)
    {
        private readonly DateTimeOffset _start = inner.GetUtcNow();

        public override DateTimeOffset GetUtcNow() => _start + ((base.GetUtcNow() - _start) * 1.1);
    }
}

/// <summary>A clock around another one; what it does otherwise, a defect says.</summary>
internal abstract class OtherClock(TimeProvider inner) : TimeProvider
{
    public override long TimestampFrequency => inner.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => inner.GetUtcNow();

    public override long GetTimestamp() => inner.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        inner.CreateTimer(callback, state, dueTime, period);
}

/// <summary>A process goes by the wall clock, and follows when somebody sets it.</summary>
internal sealed class WallClockTrusted : Defect
{
    public override TimeProvider Clock(TimeProvider clock, Process process) => new ProcessClock(process);
}

/// <summary>Timers are never heard, and nobody sweeps.</summary>
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

/// <summary>Nobody sweeps more often than once a minute.</summary>
internal sealed class SlowSweep : Defect
{
    public override int SweepsEvery => 60;
}

/// <summary>There is no sweep: what a dead process had stays where it is.</summary>
internal sealed class NobodySweeps : Defect
{
    public override int SweepsEvery => 0;
}

/// <summary>Every process believes to be alone: what others have under way is lost in its eyes.</summary>
internal sealed class EverybodyAlone : Defect
{
    public override bool SoleOwner(bool alone) => true;
}
