using System.Data.Common;

namespace OrleansDtm.Client;

/// <summary>One action of a workflow, and what is done about it when the workflow has come through or is rolled back.</summary>
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

    /// <summary>"01", "02", ...: in the order in which branches are begun.</summary>
    public string BranchId { get; }

    /// <summary>
    /// For an action that is an HTTP call: its answer is recorded, a success in full, a refusal with its reason. 409 is thrown as
    /// <see cref="BranchFailureException"/>, 425 as <see cref="BranchOngoingException"/>, what is neither and no answer at all as
    /// <see cref="BranchUnavailableException"/> (nothing is recorded then, and the call is repeated when the workflow goes on), unless
    /// <see cref="WorkflowSettings"/> say otherwise. Takes one call.
    /// </summary>
    public HttpClient Http => _http.Value;

    internal WorkflowRun Run => _run;

    internal bool Failed { get; set; }

    /// <summary>As <see cref="Http"/>, over a client of the IHttpClientFactory, with the handlers and settings of that.</summary>
    /// <param name="name">Of the client.</param>
    public HttpClient CreateHttp(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _run.Http(name, () => this);
    }

    /// <summary>What to do when the workflow is rolled back: compensate, or cancel. Also done when the action did not run to its end.</summary>
    /// <param name="hook">It must succeed some time: what it throws has it repeated.</param>
    /// <exception cref="InvalidOperationException">The branch has one already, or the code of the workflow has come to an end.</exception>
    public WorkflowBranch OnRollback(Func<WorkflowStep, Task> hook)
    {
        ArgumentNullException.ThrowIfNull(hook);
        Once(ref _onRollback, "rollback");
        _run.AddHook(this, BranchOps.Rollback, hook);
        return this;
    }

    /// <summary>What to do when the workflow has come through: confirm.</summary>
    /// <param name="hook">It must succeed some time: what it throws has it repeated.</param>
    /// <exception cref="InvalidOperationException">The branch has one already, or the code of the workflow has come to an end.</exception>
    public WorkflowBranch OnCommit(Func<WorkflowStep, Task> hook)
    {
        ArgumentNullException.ThrowIfNull(hook);
        Once(ref _onCommit, "commit");
        _run.AddHook(this, BranchOps.Commit, hook);
        return this;
    }

    /// <summary>What to do in either case.</summary>
    /// <param name="hook">Is told whether the workflow is rolled back. It must succeed some time: what it throws has it repeated.</param>
    /// <exception cref="InvalidOperationException">The branch has one already, or the code of the workflow has come to an end.</exception>
    public WorkflowBranch OnFinish(Func<WorkflowStep, bool, Task> hook)
    {
        ArgumentNullException.ThrowIfNull(hook);
        return OnCommit(step => hook(step, false)).OnRollback(step => hook(step, true));
    }

    /// <summary>
    /// Runs the action and records its result; is answered from the record when it was run before. When the process dies between the two it
    /// is run again: <see cref="WorkflowStep.Barrier"/> keeps what it does in a database from being done twice.
    /// </summary>
    /// <param name="action">
    /// Does it. A <see cref="BranchFailureException"/> is recorded as a refusal; whatever else it throws pauses the workflow.
    /// </param>
    /// <returns>
    /// Its result as it is recorded: bytes and messages of protocol buffers as they are, anything else by way of JSON.
    /// </returns>
    /// <exception cref="BranchFailureException">The action refused, now or when it was recorded.</exception>
    /// <exception cref="InvalidOperationException">The branch has an action already.</exception>
    public async Task<T> DoAsync<T>(Func<WorkflowStep, Task<T>> action)
    {
        ArgumentNullException.ThrowIfNull(action);
        var data = await RecordAsync(async step => _run.Bytes(await action(step).ConfigureAwait(false))).ConfigureAwait(false);
        return _run.Read<T>(data)!;
    }

    /// <summary>As the other, without a result.</summary>
    /// <param name="action">Does it.</param>
    /// <exception cref="BranchFailureException">The action refused, now or when it was recorded.</exception>
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
    /// Runs the business in an XA transaction of its database and prepares it; it is committed when the workflow has come through, and
    /// rolled back when it is rolled back. MySQL, MariaDB and PostgreSQL, with the barrier's table where the business is.
    /// </summary>
    /// <param name="connect">Gives a new, closed connection to the database of the business, which is disposed of here.</param>
    /// <param name="business">Works on the given connection, within its XA transaction: begins none of its own and ends none.</param>
    /// <param name="options">Null = the table of <see cref="DtmOptions.Barrier"/>.</param>
    /// <returns>The result of the business as it is recorded.</returns>
    /// <exception cref="BranchFailureException">
    /// The business refused; or the process died before the prepare, so that what it did is lost although its result was recorded.
    /// </exception>
    /// <exception cref="BranchOngoingException">The same step is under way on another connection.</exception>
    /// <exception cref="DbException">The database said no.</exception>
    /// <exception cref="InvalidOperationException">The branch has an action or a hook already.</exception>
    public async Task<T> DoXaAsync<T>(Func<DbConnection> connect, Func<DbConnection, Task<T>> business, XaOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(connect);
        ArgumentNullException.ThrowIfNull(business);
        var xa = new WorkflowXa(_run, BranchId, connect, options);
        Once(ref _onCommit, "commit");
        Once(ref _onRollback, "rollback");
        // Of a refused branch too: another run may have prepared it beside the one that recorded the refusal.
        _run.AddHook(this, BranchOps.Commit, step => xa.FinishAsync(step, commit: !Failed), always: true);
        _run.AddHook(this, BranchOps.Rollback, step => xa.FinishAsync(step, commit: false), always: true);
        var data = await RecordAsync(step => xa.PrepareAsync(step, async db => _run.Bytes(await business(db).ConfigureAwait(false)))).ConfigureAwait(false);
        return _run.Read<T>(data)!;
    }

    /// <summary>As the other, without a result.</summary>
    /// <param name="connect">Gives a new, closed connection to the database of the business, which is disposed of here.</param>
    /// <param name="business">Works on the given connection, within its XA transaction: begins none of its own and ends none.</param>
    /// <param name="options">Null = the table of <see cref="DtmOptions.Barrier"/>.</param>
    /// <exception cref="BranchFailureException">The business refused.</exception>
    /// <exception cref="BranchOngoingException">The same step is under way on another connection.</exception>
    /// <exception cref="DbException">The database said no.</exception>
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

    /// <summary>The one action of this branch.</summary>
    internal Task<ReadOnlyMemory<byte>> RecordAsync(Func<WorkflowStep, Task<ReadOnlyMemory<byte>>> action)
    {
        Once(ref _acted, "action");
        return _run.ActAsync(this, action);
    }

    private void Once(ref bool done, string what)
    {
        if (done)
        {
            throw new InvalidOperationException($"The branch {BranchId} has its {what} already: begin another.");
        }

        done = true;
    }
}
