namespace OrleansDtm.Client;

/// <summary>How the steps of a workflow are judged. Part of its code: what a running workflow began with must not change.</summary>
public sealed class WorkflowSettings
{
    /// <summary>
    /// True: a branch whose action was refused is rolled back with the others, for actions that may have done something before they refused,
    /// or in another instance that ran beside the one that was refused. False (default): it is left out.
    /// </summary>
    public bool CompensateFailedBranch { get; set; }

    /// <summary>
    /// What an HTTP answer means; its body is given decompressed. Null as the outcome = neither: the workflow pauses
    /// and the call is repeated. Default: any 2xx is success, 409 failure, 425 ongoing.
    /// </summary>
    public Func<HttpResponseMessage, ReadOnlyMemory<byte>, BranchOutcome?> HttpOutcome { get; set; } = Outcome;

    /// <summary>
    /// What an exception means that a step or the workflow itself throws, of the application's own or of some library. Null as the outcome
    /// (and the default for all) = an error: the workflow pauses and the step is repeated. A <see cref="BranchFailureException"/> and a
    /// <see cref="BranchOngoingException"/> mean what they say and are not asked about.
    /// </summary>
    public Func<Exception, BranchOutcome?> ErrorOutcome { get; set; } = static _ => null;

    private static BranchOutcome? Outcome(HttpResponseMessage answer, ReadOnlyMemory<byte> body) => (int)answer.StatusCode switch
    {
        Protocol.ResultWords.FailureStatus => BranchOutcome.Failure,
        Protocol.ResultWords.OngoingStatus => BranchOutcome.Ongoing,
        >= 200 and < 300 => BranchOutcome.Success,
        _ => null,
    };
}
