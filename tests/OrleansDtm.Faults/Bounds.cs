namespace OrleansDtm.Faults;

/// <summary>What is promised, in time.</summary>
internal static class Bounds
{
    /// <summary>As the silos are told.</summary>
    public static readonly TimeSpan RetryIntervalMax = TimeSpan.FromSeconds(8);

    /// <summary>As the silos are told.</summary>
    public static readonly TimeSpan TimeoutToFail = TimeSpan.FromSeconds(15);

    /// <summary>
    /// After the last fault everything has come to its end: the longest timeout, some retries with the longest wait,
    /// and the time in which a death is noticed and taken over.
    /// </summary>
    public static readonly TimeSpan End = TimeSpan.FromSeconds(90);

    /// <summary>
    /// After a fault both silos are ready again: an orchestrator's respite, the start, and stale rows of the
    /// membership.
    /// </summary>
    public static readonly TimeSpan Ready = TimeSpan.FromSeconds(90);

    /// <summary>
    /// After a fault, until nothing of it can be felt any more: a call that hangs, a lease, a wait that has grown.
    /// </summary>
    public static readonly TimeSpan Settled = TimeSpan.FromSeconds(30);

    /// <summary>Of what is due when all is well; the machine has other things to do as well.</summary>
    public static readonly TimeSpan Late = TimeSpan.FromSeconds(10);
}
