using System.Data;
using System.Data.Common;

namespace OrleansDtm.Client;

/// <summary>
/// Makes a branch safe against repeated calls, compensations without or before their action, and actions after their
/// compensation. It inserts a row per call into the barrier table, in the transaction of the work; the unique key
/// decides. Use one object per call of the coordinator. Rows are those of DTM's own clients.
/// </summary>
/// <remarks>
/// Several barriers in one call are distinguished by their order, so the order must be the same in a repeated call and
/// in the compensation. A barrier that throws does not count: a retry within the call is the same barrier, so name the
/// barriers if another one follows instead. The barrier cannot observe the end of a caller's own transaction: to retry
/// it within the call, name the barrier with <see cref="Named"/>. The local transaction of a message (op msg) has one
/// barrier for all attempts.
/// </remarks>
public sealed partial class BranchBarrier
{
    internal const string FirstBarrierId = "01";
    internal const string MessageBranchId = "00";
    private const int Attempts = 10;

    private readonly BarrierOptions _options;
    private readonly string? _name;

    /// <summary>Creates the barrier of a call.</summary>
    /// <param name="context">The call; it counts its barriers.</param>
    /// <param name="options">Null = the defaults.</param>
    /// <exception cref="ArgumentException">A part of the context is empty, or longer than its column: 45 characters for
    /// trans_type and op, 128 for gid and branch_id; or the op is none of <see cref="BranchOps"/>.</exception>
    public BranchBarrier(BranchContext context, BarrierOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(context);
        Check(context.TransType, 45, "trans_type", nameof(context));
        Check(context.Gid, 128 - (context.UniqueGid.Length - context.Gid.Length), "gid", nameof(context));
        Check(context.BranchId, 128, "branch_id", nameof(context));
        Check(context.Op, 45, "op", nameof(context));
        BranchOps.Check(context.Op, nameof(context));
        Context = context;
        _options = options ?? BarrierOptions.Default;
        _name = context.Op == BranchOps.Msg ? FirstBarrierId : null;
    }

    private BranchBarrier(BranchBarrier other, string name) =>
        (Context, _options, _name) = (other.Context, other._options, name);

    /// <summary>Which call it is.</summary>
    public BranchContext Context { get; }

    internal BarrierOptions Options => _options;

    /// <summary>
    /// Creates the barrier of a message's local transaction:
    /// <see cref="CallAsync(DbConnection, Func{DbTransaction, Task}, CancellationToken)"/> runs it between prepare and
    /// submit, at most once per gid.
    /// </summary>
    /// <param name="gid">Gid of the message.</param>
    /// <param name="options">Null = the defaults.</param>
    /// <exception cref="ArgumentException">The gid is empty or longer than 128 characters.</exception>
    public static BranchBarrier ForMessage(string gid, BarrierOptions? options = null) =>
        OfMessage(gid, "", options);

    /// <summary>The same for a message of a namespace.</summary>
    /// <param name="gid">Gid of the message.</param>
    /// <param name="space">The namespace; empty = the default one.</param>
    /// <param name="options">Null = the defaults.</param>
    /// <exception cref="ArgumentException">The gid is empty or too long for its column.</exception>
    internal static BranchBarrier OfMessage(string gid, string space, BarrierOptions? options) =>
        new(
            new BranchContext(TransTypes.Msg, gid, MessageBranchId, BranchOps.Msg) { Namespace = space },
            options);

    /// <summary>
    /// A barrier with a name instead of a number. All its attempts have one barrier_id, so it can be retried within the
    /// call, also after a commit whose response was lost. A compensation must use the name of its action's barrier.
    /// </summary>
    /// <param name="name">The barrier_id, 1 to 45 characters, different from those of other barriers; numbered ones are
    /// "01", "02", etc.</param>
    /// <exception cref="ArgumentException">The name is empty or too long, or the call is that of a message (op msg),
    /// whose barrier is "01".</exception>
    public BranchBarrier Named(string name)
    {
        Check(name, 45, "barrier_id", nameof(name));
        return Context.Op != BranchOps.Msg || name == FirstBarrierId
            ? new BranchBarrier(this, name)
            : throw new ArgumentException(
                $"The barrier of a message is {FirstBarrierId}: the coordinator queries it.", nameof(name));
    }

    /// <summary>
    /// Runs the work in its own transaction, which is committed, or rolled back if the work, the database or the
    /// cancellation throws. A conflict of the barrier's rows is retried at once; the work runs at most once.
    /// </summary>
    /// <param name="connection">Connection to the branch's database, without a transaction. A closed connection is
    /// opened and closed again.</param>
    /// <param name="business">The work, in the given transaction; it must not end the transaction. Not called if the
    /// barrier skips it.</param>
    /// <param name="cancellationToken">Cancels the wait for the barrier; a started commit is not interrupted.</param>
    /// <returns>Whether the work ran, and if not, why.</returns>
    /// <exception cref="BranchOngoingException">The same call holds the row in another transaction, for longer than the
    /// lock timeout of the database.</exception>
    /// <exception cref="DtmConflictException">The local transaction of a message (op msg) has run before, or must not
    /// run any more.</exception>
    /// <exception cref="DtmException">The work caught an error after which the database had rolled back the transaction
    /// (a MySQL deadlock); changes after that may be committed.</exception>
    /// <exception cref="DbException">The database returned an error; nothing was done, unless the response to the
    /// commit was lost.</exception>
    public Task<BarrierResult> CallAsync(
        DbConnection connection, Func<DbTransaction, Task> business, CancellationToken cancellationToken = default) =>
        CallAsync(connection, IsolationLevel.Unspecified, business, cancellationToken);

    /// <summary>The same with an isolation level.</summary>
    /// <param name="connection">Connection to the branch's database, without a transaction. A closed connection is
    /// opened and closed again.</param>
    /// <param name="isolation">The isolation level; the barrier works with any. Unspecified = the default of the
    /// database.</param>
    /// <param name="business">The work, in the given transaction; it must not end the transaction. Not called if the
    /// barrier skips it.</param>
    /// <param name="cancellationToken">Cancels the wait for the barrier; a started commit is not interrupted.</param>
    /// <returns>Whether the work ran, and if not, why.</returns>
    /// <exception cref="BranchOngoingException">The same call holds the row in another transaction, for longer than the
    /// lock timeout of the database.</exception>
    /// <exception cref="DtmConflictException">The local transaction of a message (op msg) has run before, or must not
    /// run any more.</exception>
    /// <exception cref="DtmException">The work caught an error after which the database had rolled back the transaction
    /// (a MySQL deadlock); changes after that may be committed.</exception>
    /// <exception cref="DbException">The database returned an error; nothing was done, unless the response to the
    /// commit was lost.</exception>
    public async Task<BarrierResult> CallAsync(
        DbConnection connection, IsolationLevel isolation, Func<DbTransaction, Task> business,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(business);
        return await CountedAsync(Run).ConfigureAwait(false);

        async Task<BarrierResult> Run(string barrierId)
        {
            await using var opened = (await OpenedConnection.OpenAsync(
                connection, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
            return await RunAsync(connection, Begin, business, barrierId, cancellationToken).ConfigureAwait(false);
        }

        async Task<OwnTransaction> Begin() =>
            new AdoTransaction(
                await connection.BeginTransactionAsync(isolation, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>
    /// Runs the work in the caller's transaction and does not end it. The caller commits whatever the result is, and
    /// rolls back if this throws: a row without its work would refuse the repetition. The barrier cannot observe the
    /// commit. To retry within the call, name the barrier (<see cref="Named"/>) once, before the first attempt;
    /// otherwise the second attempt counts as another barrier, and the work may run twice.
    /// </summary>
    /// <param name="transaction">The caller's transaction.</param>
    /// <param name="business">The work, in the same transaction. Not called if the barrier skips it.</param>
    /// <param name="cancellationToken">Cancels the wait for the barrier.</param>
    /// <returns>Whether the work ran, and if not, why.</returns>
    /// <exception cref="InvalidOperationException">The transaction has ended.</exception>
    /// <exception cref="DtmConflictException">The local transaction of a message (op msg) has run before, or must not
    /// run any more.</exception>
    /// <exception cref="DtmException">The database rolled back the transaction after an error that the work caught:
    /// roll it back.</exception>
    /// <exception cref="DbException">The database returned an error, including a deadlock or serialization failure:
    /// start the transaction again, now or when the call is repeated.</exception>
    public async Task<BarrierResult> CallAsync(
        DbTransaction transaction, Func<DbTransaction, Task> business, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        ArgumentNullException.ThrowIfNull(business);
        var connection = transaction.Connection ?? throw new InvalidOperationException("The transaction has ended.");
        _ = transaction.IsolationLevel; // Npgsql 8 keeps the connection of an ended transaction, but throws here.
        return await CountedAsync(Run).ConfigureAwait(false);

        async Task<BarrierResult> Run(string barrierId)
        {
            var entry = await EnterAsync(connection, transaction, barrierId, cancellationToken).ConfigureAwait(false);
            if (entry.Result == BarrierResult.Executed)
            {
                await business(transaction).ConfigureAwait(false);
                await entry.EnsureStandsAsync().ConfigureAwait(false);
            }

            return entry.Result;
        }
    }

    /// <summary>
    /// Uses the name, or the next number, which is returned if the work throws or the scope is not completed.
    /// </summary>
    internal async Task<T> CountedAsync<T>(Func<string, Task<T>> call, System.Transactions.Transaction? scope = null)
    {
        if (_name is not null)
        {
            return await call(_name).ConfigureAwait(false);
        }

        var number = Context.TakeBarrier();
        try
        {
            var result = await call(number.Id).ConfigureAwait(false);
            if (scope is not null)
            {
                scope.TransactionCompleted += (_, end) => GiveBackUnlessCommitted(end.Transaction);
            }

            return result;
        }
        catch
        {
            number.GiveBack();
            throw;
        }

        void GiveBackUnlessCommitted(System.Transactions.Transaction? ended)
        {
            if (ended?.TransactionInformation.Status != System.Transactions.TransactionStatus.Committed)
            {
                number.GiveBack(); // If the outcome is in doubt, the row decides.
            }
        }
    }

    /// <summary>In its own transaction; starts another one after a conflict while the work has not run.</summary>
    internal async Task<BarrierResult> RunAsync(
        DbConnection connection,
        Func<Task<OwnTransaction>> begin,
        Func<DbTransaction, Task> business,
        string barrierId,
        CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var started = false;
            var own = await begin().ConfigureAwait(false);
            await using var disposing = own.ConfigureAwait(false);
            try
            {
                var entry = await EnterAsync(
                    connection, own.Transaction, barrierId, cancellationToken).ConfigureAwait(false);
                if (entry.Result == BarrierResult.Executed)
                {
                    started = true;
                    await business(own.Transaction).ConfigureAwait(false);
                    await entry.EnsureStandsAsync().ConfigureAwait(false);
                }

                await own.CommitAsync().ConfigureAwait(false);
                return entry.Result;
            }
            catch (Exception error)
            {
                await RollBackAsync(own, connection, error).ConfigureAwait(false);
                if (started || error is not DbException fault || !IsHeldByAnother(fault, connection, out var conflict))
                {
                    throw;
                }

                if (!conflict || attempt == Attempts)
                {
                    throw new BranchOngoingException($"The barrier of {Context} is held by another transaction.", error)
                    {
                        Gid = Context.Gid,
                    };
                }
            }

            await PauseAsync(attempt, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Callers that met in a conflict would meet again if all of them repeated at once.</summary>
    private static Task PauseAsync(int attempt, CancellationToken cancellationToken) =>
        attempt == 1 ? Task.CompletedTask : Task.Delay(Random.Shared.Next(1, 10 * attempt), cancellationToken);

    /// <summary>
    /// Inserts the rows and evaluates them. The call's own row is first: repetitions wait there, so they cannot
    /// deadlock.
    /// </summary>
    internal async Task<BarrierEntry> EnterAsync(
        DbConnection connection, DbTransaction? transaction, string barrierId, CancellationToken cancellationToken)
    {
        var rows = new BarrierRows(connection, transaction, _options);
        var own = new BarrierKey(Context.TransType, Context.UniqueGid, Context.BranchId, Context.Op, barrierId);
        if (!await rows.InsertAsync(own, Context.Op, cancellationToken).ConfigureAwait(false))
        {
            return new BarrierEntry(await ExplainAsync(rows, own, cancellationToken).ConfigureAwait(false), rows, own);
        }

        if (OriginOf(Context.Op) is { } origin
            && await rows.InsertAsync(own with { Op = origin }, Context.Op, cancellationToken).ConfigureAwait(false))
        {
            return new BarrierEntry(BarrierResult.NullCompensation, rows, own);
        }

        await rows.MarkAsync(cancellationToken).ConfigureAwait(false);
        return new BarrierEntry(BarrierResult.Executed, rows, own);
    }

    /// <summary>The op that an op compensates; null = none.</summary>
    internal static string? OriginOf(string op) => op switch
    {
        BranchOps.Cancel => BranchOps.Try,
        BranchOps.Compensate or BranchOps.Rollback => BranchOps.Action,
        _ => null,
    };

    private static void Check(string value, int limit, string name, string parameter)
    {
        if (string.IsNullOrEmpty(value) || value.Length > limit)
        {
            throw new ArgumentException(
                $"{name} must have 1 to {limit} characters; '{value}' has {value?.Length ?? 0}.", parameter);
        }
    }

    private static async Task<BarrierResult> ExplainAsync(
        BarrierRows rows, BarrierKey own, CancellationToken cancellationToken)
    {
        if (OriginOf(own.Op) is not null)
        {
            return BarrierResult.Duplicate; // Only this call writes its row.
        }

        var reason = await rows.ReadReasonAsync(own, cancellationToken).ConfigureAwait(false);
        if (own.Op == BranchOps.Msg)
        {
            throw new DtmConflictException(
                reason == own.Op
                    ? $"The local transaction of {own.ToldGid} has been done before."
                    : $"The local transaction of {own.ToldGid} came too late.")
            {
                Gid = own.ToldGid,
                Reason = reason,
            };
        }

        return reason is null || reason == own.Op ? BarrierResult.Duplicate : BarrierResult.Hanging;
    }

    /// <summary>
    /// Never leaves a transaction open: if the rollback fails, the connection is closed and the server rolls back.
    /// </summary>
    private static async Task RollBackAsync(OwnTransaction own, DbConnection connection, Exception cause)
    {
        try
        {
            await own.RollBackAsync().ConfigureAwait(false);
        }
        catch (Exception error) when (error is DbException or InvalidOperationException)
        {
            // The caller needs the cause; the rollback error is a consequence.
            cause.Data["OrleansDtm.Rollback"] = error.Message;
            await connection.CloseAsync().ConfigureAwait(false);
        }
    }

    private bool IsHeldByAnother(DbException error, DbConnection connection, out bool conflict)
    {
        var dialect = _options.DialectOf(connection);
        conflict = BarrierFaults.IsConflict(error, dialect);
        return conflict || BarrierFaults.IsLockTimeout(error, dialect);
    }
}
