namespace OrleansDtm.Client;

/// <summary>The context of an action or a hook of a workflow.</summary>
public sealed class WorkflowStep
{
    private readonly Lazy<HttpClient> _http;

    internal WorkflowStep(WorkflowRun run, string branchId, string op)
    {
        Run = run;
        Context = new BranchContext(TransTypes.Workflow, run.Gid, branchId, op) { Namespace = run.Namespace };
        Barrier = new BranchBarrier(Context, run.Options.Barrier);
        CancellationToken = run.Cancel;
        _http = new Lazy<HttpClient>(() => run.StepHttp(DtmHttpClients.Branches, Context));
    }

    internal WorkflowRun Run { get; }

    /// <summary>Identity of the step; op is action, commit or rollback.</summary>
    public BranchContext Context { get; }

    /// <summary>
    /// The barrier of this step: database changes with it take effect once, however often the step runs, and a rollback
    /// without its action does nothing.
    /// </summary>
    public BranchBarrier Barrier { get; }

    /// <summary>Cancelled when the run must stop.</summary>
    public CancellationToken CancellationToken { get; }

    /// <summary>
    /// HTTP client for any number of calls within the step. They are not recorded (the step is) and send the step's
    /// identity. Responses are interpreted as in <see cref="WorkflowBranch.Http"/>.
    /// </summary>
    public HttpClient Http => _http.Value;
}
