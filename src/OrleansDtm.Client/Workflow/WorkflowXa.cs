using System.Data.Common;

namespace OrleansDtm.Client;

/// <summary>An action that is an XA transaction.</summary>
internal sealed class WorkflowXa(WorkflowRun run, string branchId, Func<DbConnection> connect, XaOptions? options)
{
    /// <summary>DTM's op for "the work ran, the prepare may have followed".</summary>
    private const string Business = "business";

    private XaBranch Branch(BranchContext context) =>
        new(context, connect, options ?? new XaOptions { Barrier = run.Options.Barrier });

    public Task FinishAsync(WorkflowStep step, bool commit) =>
        commit
            ? Branch(step.Context).CommitAsync(step.CancellationToken)
            : Branch(step.Context).RollbackAsync(step.CancellationToken);

    /// <summary>
    /// The result is recorded before the prepare: after a crash, the prepared transaction and its result are found
    /// again.
    /// </summary>
    public async Task<ReadOnlyMemory<byte>> PrepareAsync(
        WorkflowStep step, Func<DbConnection, Task<ReadOnlyMemory<byte>>> business)
    {
        ReadOnlyMemory<byte> data = default;
        await Branch(step.Context).PrepareAsync(
            async db => data = await business(db).ConfigureAwait(false),
            async _ =>
            {
                var recorded = await run.SaveAsync(
                    new RecordedStep(branchId, Business, false, data)).ConfigureAwait(false);
                if (!recorded.Data.Span.SequenceEqual(data.Span))
                {
                    // Other runs may have read the first result, whose changes are lost.
                    throw new BranchFailureException(
                        "the process crashed before the prepare, and the work has another result now")
                    {
                        Gid = run.Gid,
                    };
                }
            },
            step.CancellationToken).ConfigureAwait(false);
        return run.Recorded(branchId, Business) is { } known ? known.Data : data;
    }
}
