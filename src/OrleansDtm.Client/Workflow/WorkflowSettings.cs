namespace OrleansDtm.Client;

/// <summary>
/// How results of a workflow's steps are interpreted. Part of its code: do not change it for running workflows.
/// </summary>
public sealed class WorkflowSettings
{
    /// <summary>
    /// True: a branch whose action failed is rolled back with the others, for actions that may have had an effect
    /// before they failed, or in another instance that ran concurrently. False (default): it is left out.
    /// </summary>
    public bool CompensateFailedBranch { get; set; }

    /// <summary>
    /// Outcome of an HTTP response, whose body is decompressed. Null = neither success nor failure: the workflow pauses
    /// and the call is repeated. Default: any 2xx is success, 409 failure, 425 ongoing.
    /// </summary>
    public Func<HttpResponseMessage, ReadOnlyMemory<byte>, BranchOutcome?> HttpOutcome { get; set; } = Outcome;

    /// <summary>
    /// Outcome of other exceptions of a step or of the workflow. Null (default) = an error: the workflow pauses and the
    /// step is repeated. Not called for <see cref="BranchFailureException"/> and <see cref="BranchOngoingException"/>.
    /// </summary>
    public Func<Exception, BranchOutcome?> ErrorOutcome { get; set; } = static _ => null;

    private static BranchOutcome? Outcome(HttpResponseMessage answer, ReadOnlyMemory<byte> body) =>
        (int)answer.StatusCode switch
        {
            Protocol.ResultWords.FailureStatus => BranchOutcome.Failure,
            Protocol.ResultWords.OngoingStatus => BranchOutcome.Ongoing,
            >= 200 and < 300 => BranchOutcome.Success,
            _ => null,
        };
}
