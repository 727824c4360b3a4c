namespace OrleansDtm.Faults.Checkers;

/// <summary>A broken invariant.</summary>
/// <param name="Check">The checker's name, which begins with the invariant's number.</param>
/// <param name="Gid">Which transaction.</param>
/// <param name="What">What was seen, in words.</param>
internal sealed record Violation(string Check, string Gid, string What);

/// <summary>
/// Judges one invariant over the history of one transaction. Knows what was meant and what was seen, nothing of the
/// code.
/// </summary>
internal abstract class Check
{
    /// <summary>The number in the list of invariants, and what it promises: as in the simulator.</summary>
    public abstract string Name { get; }

    /// <summary>There is something to be judged.</summary>
    public abstract bool Applies(Case seen);

    /// <summary>What is wrong, if it applies.</summary>
    public abstract IEnumerable<string> Judge(Case seen);
}

/// <summary>Every checker. 15, compatibility with DTM's SDKs, is for other tests.</summary>
internal static class AllChecks
{
    public static IReadOnlyList<Check> Each { get; } =
    [
        new EndCheck(),
        new EdgeCheck(),
        new BothWaysCheck(),
        new SagaCheck(),
        new OrderCheck(),
        new RegistrationCheck(),
        new BalanceCheck(),
        new MessageCheck(),
        new WaitCheck(),
        new RepetitionCheck(),
        new SingleWriterCheck(),
        new DurabilityCheck(),
        new EarlyCheck(),
        new LateCheck(),
        new IsolationCheck(),
        new CauseCheck(),
    ];
}
