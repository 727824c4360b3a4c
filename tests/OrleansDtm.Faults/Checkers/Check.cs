namespace OrleansDtm.Faults.Checkers;

/// <summary>A broken invariant.</summary>
/// <param name="Check">The checker's name, which starts with the invariant's number.</param>
/// <param name="Gid">The transaction.</param>
/// <param name="What">A description of the violation.</param>
internal sealed record Violation(string Check, string Gid, string What);

/// <summary>
/// Checks one invariant over the history of one transaction. Uses the plan and the history, never the code under test.
/// </summary>
internal abstract class Check
{
    /// <summary>The invariant's number and name, as in the simulator.</summary>
    public abstract string Name { get; }

    /// <summary>Returns true if the history contains something to check.</summary>
    public abstract bool Applies(Case seen);

    /// <summary>Returns a description of each violation. Called only if the check applies.</summary>
    public abstract IEnumerable<string> Judge(Case seen);
}

/// <summary>All checkers. Other tests cover 15, compatibility with DTM's SDKs.</summary>
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
        new OrphanCheck(),
    ];
}
