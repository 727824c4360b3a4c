using System.Data.Common;
using System.Transactions;

namespace OrleansDtm.Client;

public sealed partial class BranchBarrier
{
    /// <summary>
    /// Runs the work in the caller's TransactionScope, which must flow across awaits
    /// (<see cref="TransactionScopeAsyncFlowOption.Enabled"/>). The caller completes the scope whatever the result is,
    /// and disposes it without completing when this throws. A retry with a new scope within the call is the same
    /// barrier.
    /// </summary>
    /// <param name="connection">The connection is enlisted in the scope, wherever it was opened. A closed connection is
    /// opened and closed again; the scope keeps its changes.</param>
    /// <param name="business">The work on the connection. Not called if the barrier skips it.</param>
    /// <param name="cancellationToken">Cancels the wait for the barrier.</param>
    /// <returns>Whether the work ran, and if not, why.</returns>
    /// <exception cref="InvalidOperationException">There is no scope, or it does not flow.</exception>
    /// <exception cref="NotSupportedException">The driver does not support scopes (SQLite).</exception>
    /// <exception cref="DtmConflictException">The local transaction of a message (op msg) has run before, or must not
    /// run any more.</exception>
    /// <exception cref="DtmException">The database rolled back the transaction after an error that the work caught: do
    /// not complete the scope.</exception>
    /// <exception cref="DbException">The database returned an error, including a deadlock or serialization failure: use
    /// a new scope, now or when the call is repeated.</exception>
    public async Task<BarrierResult> CallInScopeAsync(
        DbConnection connection, Func<Task> business, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(business);
        var scope = Transaction.Current ?? throw new InvalidOperationException(
            "There is no TransactionScope here, or it was made without TransactionScopeAsyncFlowOption.Enabled.");
        return await CountedAsync(Run, scope).ConfigureAwait(false);

        async Task<BarrierResult> Run(string barrierId)
        {
            await using var opened = (await OpenedConnection.OpenAsync(
                connection, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
            connection.EnlistTransaction(scope); // No effect for a connection that is enlisted when it is opened.
            var entry = await EnterAsync(connection, null, barrierId, cancellationToken).ConfigureAwait(false);
            if (entry.Result == BarrierResult.Executed)
            {
                await business().ConfigureAwait(false);
                await entry.EnsureStandsAsync().ConfigureAwait(false);
            }

            return entry.Result;
        }
    }
}
