namespace OrleansDtm.Client;

/// <summary>
/// A workflow while its code runs. The code is run again, from its start, whenever it was interrupted: what its steps have done is then
/// not done again but answered from the record, so the code must come to the same steps in the same order. Whatever else it asks (the
/// clock, randomness, a database) belongs into a step. A <see cref="BranchFailureException"/> that leaves the code rolls everything back;
/// any other exception pauses it until the coordinator calls.
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

    /// <summary>Under which it is registered.</summary>
    public string Name => _run.Name;

    /// <summary>Of the transaction.</summary>
    public string Gid => _run.Gid;

    /// <summary>Of this run: a scope that ends with it.</summary>
    public IServiceProvider Services { get; }

    /// <summary>
    /// Cancelled when this run has to stop. No further step begins then; what is done is recorded, and the coordinator has the workflow go
    /// on later.
    /// </summary>
    public CancellationToken CancellationToken => _run.Cancel;

    /// <summary>
    /// Each call is a branch of its own that nothing has to be done about later; it is made once and answered from the record afterwards.
    /// Participants are told the transaction in the query. An answer that is a success always has status 200 and content of type
    /// application/json, whatever it was: so it is the same when it comes from the record. A refusal is thrown as
    /// <see cref="BranchFailureException"/>, as in <see cref="WorkflowBranch.Http"/>.
    /// </summary>
    public HttpClient Http => _http.Value;

    /// <summary>
    /// Begins a branch: one action, and what to do about it in the end. Branches may run side by side as long as they are begun in the same
    /// order whenever the code runs.
    /// </summary>
    /// <exception cref="InvalidOperationException">It has 99 already, or its code has come to an end.</exception>
    public WorkflowBranch NewBranch() => new(_run, _run.NextBranchId());

    /// <summary>A step in a branch of its own that nothing has to be done about later. See <see cref="WorkflowBranch.DoAsync{T}"/>.</summary>
    /// <param name="action">Does it.</param>
    /// <returns>Its result, or what is recorded of it.</returns>
    /// <exception cref="BranchFailureException">The action refused, now or when it was recorded.</exception>
    public Task<T> DoAsync<T>(Func<WorkflowStep, Task<T>> action) => NewBranch().DoAsync(action);

    /// <summary>A step without a result, in a branch of its own that nothing has to be done about later.</summary>
    /// <param name="action">Does it.</param>
    /// <exception cref="BranchFailureException">The action refused, now or when it was recorded.</exception>
    public Task DoAsync(Func<WorkflowStep, Task> action) => NewBranch().DoAsync(action);

    /// <summary>
    /// Has something done once when the workflow ends, well or not. What is registered first is done last, so at the start of the code it is
    /// the very last.
    /// </summary>
    /// <param name="hook">Is told whether it was rolled back. It must succeed some time: what it throws has it repeated.</param>
    public void OnFinish(Func<WorkflowStep, bool, Task> hook) => NewBranch().OnFinish(hook);
}
