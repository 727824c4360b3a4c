namespace OrleansDtm.Client;

/// <summary>What an action or a hook of a workflow works with.</summary>
public sealed class WorkflowStep
{
    private readonly Lazy<HttpClient> _http;

    internal WorkflowStep(WorkflowRun run, string branchId, string op)
    {
        Run = run;
        Context = new BranchContext(TransTypes.Workflow, run.Gid, branchId, op);
        Barrier = new BranchBarrier(Context, run.Options.Barrier);
        CancellationToken = run.Cancel;
        _http = new Lazy<HttpClient>(() => run.StepHttp(DtmHttpClients.Branches, Context));
    }

    internal WorkflowRun Run { get; }

    /// <summary>Which step it is; op is action, commit or rollback.</summary>
    public BranchContext Context { get; }

    /// <summary>
    /// Of this step: what is done behind it in a local transaction is done once, however often the step is run, and a rollback without its
    /// action does nothing.
    /// </summary>
    public BranchBarrier Barrier { get; }

    /// <summary>Cancelled when the run has to stop.</summary>
    public CancellationToken CancellationToken { get; }

    /// <summary>
    /// For calls within the step; any number. They are not recorded by themselves (the step is) and tell the participant which step it is.
    /// Answers are judged as in <see cref="WorkflowBranch.Http"/>.
    /// </summary>
    public HttpClient Http => _http.Value;
}
