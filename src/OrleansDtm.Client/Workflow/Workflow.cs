namespace OrleansDtm.Client;

/// <summary>
/// A running workflow. After an interruption its code runs again from the start: recorded steps are not repeated but
/// return their recorded result, so the code must reach the same steps in the same order. Other inputs (clock,
/// randomness, databases) must be read in a step. A <see cref="BranchFailureException"/> thrown by the code rolls back;
/// any other exception pauses the workflow until the coordinator resumes it.
/// </summary>
public sealed class Workflow
{
    private readonly WorkflowRun _run;
    private readonly Lazy<HttpClient> _http;

    internal Workflow(WorkflowRun run, IServiceProvider services)
    {
        _run = run;
        Services = services;
        _http = new Lazy<HttpClient>(() => run.Http(DtmHttpClients.Branches, NewBranch));
    }

    internal WorkflowRun Run => _run;

    /// <summary>The registered name.</summary>
    public string Name => _run.Name;

    /// <summary>The gid.</summary>
    public string Gid => _run.Gid;

    /// <summary>Services of this run: a scope that ends with it.</summary>
    public IServiceProvider Services { get; }

    /// <summary>
    /// Cancelled when this run must stop. No further step starts; completed steps are recorded, and the coordinator
    /// resumes the workflow later.
    /// </summary>
    public CancellationToken CancellationToken => _run.Cancel;

    /// <summary>
    /// Each call is a branch without a hook; it is made once, and later runs get the recorded response. The query
    /// identifies the transaction. A success always has status 200 and the content type application/json, so that it is
    /// the same as the recorded one. A failure is thrown as <see cref="BranchFailureException"/>, as in
    /// <see cref="WorkflowBranch.Http"/>.
    /// </summary>
    public HttpClient Http => _http.Value;

    /// <summary>
    /// Creates a branch: one action and its hooks. Branches may run concurrently if they are created in the same order
    /// in each run.
    /// </summary>
    /// <exception cref="InvalidOperationException">It has 99 already, or its code has ended.</exception>
    public WorkflowBranch NewBranch() => new(_run, _run.NextBranchId());

    /// <summary>A step as a branch without a hook. See <see cref="WorkflowBranch.DoAsync{T}"/>.</summary>
    /// <param name="action">The action.</param>
    /// <returns>Its result, or the recorded one.</returns>
    /// <exception cref="BranchFailureException">The action failed, now or in the recorded run.</exception>
    public Task<T> DoAsync<T>(Func<WorkflowStep, Task<T>> action) => NewBranch().DoAsync(action);

    /// <summary>A step without a result, as a branch without a hook.</summary>
    /// <param name="action">The action.</param>
    /// <exception cref="BranchFailureException">The action failed, now or in the recorded run.</exception>
    public Task DoAsync(Func<WorkflowStep, Task> action) => NewBranch().DoAsync(action);

    /// <summary>
    /// Registers a hook that runs once when the workflow ends, after commit or rollback. The first registered hook runs
    /// last.
    /// </summary>
    /// <param name="hook">Receives whether it was rolled back. It must succeed eventually: it is retried after an
    /// exception.</param>
    public void OnFinish(Func<WorkflowStep, bool, Task> hook) => NewBranch().OnFinish(hook);
}
