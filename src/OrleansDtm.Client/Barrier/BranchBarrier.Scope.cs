using System.Data.Common;
using System.Transactions;

namespace OrleansDtm.Client;

public sealed partial class BranchBarrier
{
    /// <summary>
    /// Runs the business in the caller's TransactionScope, which must let the transaction flow across awaits
    /// (<see cref="TransactionScopeAsyncFlowOption.Enabled"/>). The caller completes the scope whatever the result is, and leaves it without
    /// when this throws. A scope that comes to nothing may be tried again within the call: it is the same barrier then.
    /// </summary>
    /// <param name="connection">
    /// Is enlisted in the scope, wherever it was opened. If it is closed it is opened, and closed again; the scope keeps what it did.
    /// </param>
    /// <param name="business">Works on the connection. Not called when the barrier says no.</param>
    /// <param name="cancellationToken">Ends the waiting for the barrier.</param>
    /// <returns>Whether the business ran, and if not, why.</returns>
    /// <exception cref="InvalidOperationException">There is no scope, or it does not flow.</exception>
    /// <exception cref="NotSupportedException">The driver knows no scopes (SQLite).</exception>
    /// <exception cref="DtmConflictException">The local transaction of a message (op msg) was done before, or ruled out.</exception>
    /// <exception cref="DtmException">The database has undone the transaction on an error that the business caught: leave the scope without.</exception>
    /// <exception cref="DbException">
    /// The database said no, a deadlock or serialization failure included: begin the scope again, here or when the call is repeated.
    /// </exception>
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
            await using var opened = (await OpenedConnection.OpenAsync(connection, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
            connection.EnlistTransaction(scope); // Nothing new for one that enlists by itself when it is opened.
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
