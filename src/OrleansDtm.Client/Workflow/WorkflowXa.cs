using System.Data.Common;

namespace OrleansDtm.Client;

/// <summary>An action that is an XA transaction.</summary>
internal sealed class WorkflowXa(WorkflowRun run, string branchId, Func<DbConnection> connect, XaOptions? options)
{
    /// <summary>DTM's word for "the business ran, the prepare may have followed".</summary>
    private const string Business = "business";

    private XaBranch Branch(BranchContext context) => new(context, connect, options ?? new XaOptions { Barrier = run.Options.Barrier });

    public Task FinishAsync(WorkflowStep step, bool commit) =>
        commit ? Branch(step.Context).CommitAsync(step.CancellationToken) : Branch(step.Context).RollbackAsync(step.CancellationToken);

    /// <summary>
    /// The result is recorded before the prepare: should the process die after it, what is prepared is found again, and its result too.
    /// </summary>
    public async Task<ReadOnlyMemory<byte>> PrepareAsync(WorkflowStep step, Func<DbConnection, Task<ReadOnlyMemory<byte>>> business)
    {
        ReadOnlyMemory<byte> data = default;
        await Branch(step.Context).PrepareAsync(
            async db => data = await business(db).ConfigureAwait(false),
            async _ =>
            {
                var recorded = await run.SaveAsync(new RecordedStep(branchId, Business, false, data)).ConfigureAwait(false);
                if (!recorded.Data.Span.SequenceEqual(data.Span))
                {
                    // Others may have seen the first result, and what it stood for is gone.
                    throw new BranchFailureException("the process died before the prepare, and the business came to another result now") { Gid = run.Gid };
                }
            },
            step.CancellationToken).ConfigureAwait(false);
        return run.Recorded(branchId, Business) is { } known ? known.Data : data;
    }
}
