using System.Data.Common;

namespace OrleansDtm.Client;

/// <summary>One action of a workflow, with hooks for commit and rollback.</summary>
public sealed class WorkflowBranch
{
    private readonly WorkflowRun _run;
    private readonly Lazy<HttpClient> _http;
    private bool _acted;
    private bool _onCommit;
    private bool _onRollback;

    internal WorkflowBranch(WorkflowRun run, string branchId)
    {
        _run = run;
        BranchId = branchId;
        _http = new Lazy<HttpClient>(() => CreateHttp(DtmHttpClients.Branches));
    }

    /// <summary>"01", "02", ...: in the order in which branches are created.</summary>
    public string BranchId { get; }

    /// <summary>
    /// HTTP client for the action: its response is recorded, a success in full, a failure with its reason. 409 is
    /// thrown as <see cref="BranchFailureException"/>, 425 as <see cref="BranchOngoingException"/>, any other response,
    /// or none, as <see cref="BranchUnavailableException"/> (not recorded; the call is repeated when the workflow is
    /// resumed), unless <see cref="WorkflowSettings"/> differ. Allows one call.
    /// </summary>
    public HttpClient Http => _http.Value;

    internal WorkflowRun Run => _run;

    internal bool Failed { get; set; }

    /// <summary>As <see cref="Http"/>, with a client of the IHttpClientFactory, its handlers and settings.</summary>
    /// <param name="name">Name of the client.</param>
    public HttpClient CreateHttp(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _run.Http(name, () => this);
    }

    /// <summary>
    /// Registers the compensation or cancel, which runs when the workflow is rolled back, also if the action did not
    /// complete.
    /// </summary>
    /// <param name="hook">It must succeed eventually: it is retried after an exception.</param>
    /// <exception cref="InvalidOperationException">The branch has one already, or the code of the workflow has
    /// ended.</exception>
    public WorkflowBranch OnRollback(Func<WorkflowStep, Task> hook)
    {
        ArgumentNullException.ThrowIfNull(hook);
        Once(ref _onRollback, "rollback");
        _run.AddHook(this, BranchOps.Rollback, hook);
        return this;
    }

    /// <summary>Registers the confirm, which runs when the workflow has succeeded.</summary>
    /// <param name="hook">It must succeed eventually: it is retried after an exception.</param>
    /// <exception cref="InvalidOperationException">The branch has one already, or the code of the workflow has
    /// ended.</exception>
    public WorkflowBranch OnCommit(Func<WorkflowStep, Task> hook)
    {
        ArgumentNullException.ThrowIfNull(hook);
        Once(ref _onCommit, "commit");
        _run.AddHook(this, BranchOps.Commit, hook);
        return this;
    }

    /// <summary>Registers a hook for both cases.</summary>
    /// <param name="hook">Receives whether the workflow is rolled back. It must succeed eventually: it is retried after
    /// an exception.</param>
    /// <exception cref="InvalidOperationException">The branch has one already, or the code of the workflow has
    /// ended.</exception>
    public WorkflowBranch OnFinish(Func<WorkflowStep, bool, Task> hook)
    {
        ArgumentNullException.ThrowIfNull(hook);
        return OnCommit(step => hook(step, false)).OnRollback(step => hook(step, true));
    }

    /// <summary>
    /// Runs the action and records its result; a later run returns the recorded result. After a crash in between it
    /// runs again: <see cref="WorkflowStep.Barrier"/> makes its database changes idempotent.
    /// </summary>
    /// <param name="action">The action. A <see cref="BranchFailureException"/> is recorded as a failure; any other
    /// exception pauses the workflow.</param>
    /// <returns>Its recorded result: bytes and protobuf messages unchanged, others converted to JSON and
    /// back.</returns>
    /// <exception cref="BranchFailureException">The action failed, now or in the recorded run.</exception>
    /// <exception cref="InvalidOperationException">The branch has an action already.</exception>
    public async Task<T> DoAsync<T>(Func<WorkflowStep, Task<T>> action)
    {
        ArgumentNullException.ThrowIfNull(action);
        var data = await RecordAsync(
            async step => _run.Bytes(await action(step).ConfigureAwait(false))).ConfigureAwait(false);
        return _run.Read<T>(data)!;
    }

    /// <summary>The same without a result.</summary>
    /// <param name="action">The action.</param>
    /// <exception cref="BranchFailureException">The action failed, now or in the recorded run.</exception>
    /// <exception cref="InvalidOperationException">The branch has an action already.</exception>
    public Task DoAsync(Func<WorkflowStep, Task> action)
    {
        ArgumentNullException.ThrowIfNull(action);
        return RecordAsync(async step =>
        {
            await action(step).ConfigureAwait(false);
            return default;
        });
    }

    /// <summary>
    /// Runs the work in an XA transaction of its database and prepares it. It is committed when the workflow succeeds,
    /// and rolled back with it. MySQL, MariaDB and PostgreSQL; the database needs the barrier table.
    /// </summary>
    /// <param name="connect">Returns a new, closed connection to the branch's database, which is disposed here.</param>
    /// <param name="business">The work, on the given connection in its XA transaction; it must not start or end
    /// transactions.</param>
    /// <param name="options">Null = the table of <see cref="DtmOptions.Barrier"/>.</param>
    /// <returns>The recorded result of the work.</returns>
    /// <exception cref="BranchFailureException">The work failed; or the process crashed before the prepare, so that its
    /// changes are lost although its result was recorded.</exception>
    /// <exception cref="BranchOngoingException">The same step is running on another connection.</exception>
    /// <exception cref="DbException">The database returned an error.</exception>
    /// <exception cref="InvalidOperationException">The branch has an action or a hook already.</exception>
    public async Task<T> DoXaAsync<T>(
        Func<DbConnection> connect, Func<DbConnection, Task<T>> business, XaOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(connect);
        ArgumentNullException.ThrowIfNull(business);
        var xa = new WorkflowXa(_run, BranchId, connect, options);
        Once(ref _onCommit, "commit");
        Once(ref _onRollback, "rollback");
        // Also for a failed branch: a concurrent run may have prepared it although this one recorded the failure.
        _run.AddHook(this, BranchOps.Commit, step => xa.FinishAsync(step, commit: !Failed), always: true);
        _run.AddHook(this, BranchOps.Rollback, step => xa.FinishAsync(step, commit: false), always: true);
        var data = await RecordAsync(step => xa.PrepareAsync(
            step, async db => _run.Bytes(await business(db).ConfigureAwait(false)))).ConfigureAwait(false);
        return _run.Read<T>(data)!;
    }

    /// <summary>The same without a result.</summary>
    /// <param name="connect">Returns a new, closed connection to the branch's database, which is disposed here.</param>
    /// <param name="business">The work, on the given connection in its XA transaction; it must not start or end
    /// transactions.</param>
    /// <param name="options">Null = the table of <see cref="DtmOptions.Barrier"/>.</param>
    /// <exception cref="BranchFailureException">The work failed.</exception>
    /// <exception cref="BranchOngoingException">The same step is running on another connection.</exception>
    /// <exception cref="DbException">The database returned an error.</exception>
    /// <exception cref="InvalidOperationException">The branch has an action or a hook already.</exception>
    public Task DoXaAsync(Func<DbConnection> connect, Func<DbConnection, Task> business, XaOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(business);
        return DoXaAsync(
            connect,
            async db =>
            {
                await business(db).ConfigureAwait(false);
                return ReadOnlyMemory<byte>.Empty;
            },
            options);
    }

    /// <summary>Claims the only action of this branch.</summary>
    internal Task<ReadOnlyMemory<byte>> RecordAsync(Func<WorkflowStep, Task<ReadOnlyMemory<byte>>> action)
    {
        Once(ref _acted, "action");
        return _run.ActAsync(this, action);
    }

    private void Once(ref bool done, string what)
    {
        if (done)
        {
            throw new InvalidOperationException(
                $"The branch {BranchId} has its {what} already: create another branch.");
        }

        done = true;
    }
}
