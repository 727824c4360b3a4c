using System.Data;
using System.Data.Common;

namespace OrleansDtm.Client;

/// <summary>
/// Makes a branch safe against what happens to calls on their way: one that comes twice, a compensation that comes without or before its
/// action, an action that comes after its compensation. In the transaction of the business it inserts a row per call into the barrier
/// table, whose unique key decides. One object per call of the coordinator; several barriers in one call are told apart by their order,
/// so they must come in the same order when the call is repeated. Rows are those of DTM's own clients.
/// </summary>
public sealed partial class BranchBarrier
{
    internal const string FirstBarrierId = "01";
    internal const string MessageBranchId = "00";
    private const int Attempts = 10;

    private readonly BarrierOptions _options;

    /// <summary>Of a call.</summary>
    /// <param name="context">Which call it is; counts its barriers.</param>
    /// <param name="options">Null = the defaults.</param>
    /// <exception cref="ArgumentException">A part of the context is empty, or longer than its column: 45 characters for trans_type and op, 128 for gid and branch_id; or the op is none of <see cref="BranchOps"/>.</exception>
    public BranchBarrier(BranchContext context, BarrierOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(context);
        Check(context.TransType, 45, "trans_type", nameof(context));
        Check(context.Gid, 128, "gid", nameof(context));
        Check(context.BranchId, 128, "branch_id", nameof(context));
        Check(context.Op, 45, "op", nameof(context));
        BranchOps.Check(context.Op, nameof(context));
        Context = context;
        _options = options ?? BarrierOptions.Default;
    }

    /// <summary>Which call it is.</summary>
    public BranchContext Context { get; }

    internal BarrierOptions Options => _options;

    /// <summary>
    /// Of the local transaction that a message depends on: <see cref="CallAsync(DbConnection, Func{DbTransaction, Task}, CancellationToken)"/>
    /// runs it between the message's prepare and its submit, at most once per gid.
    /// </summary>
    /// <param name="gid">The message.</param>
    /// <param name="options">Null = the defaults.</param>
    /// <exception cref="ArgumentException">The gid is empty or longer than 128 characters.</exception>
    public static BranchBarrier ForMessage(string gid, BarrierOptions? options = null) =>
        new(new BranchContext(TransTypes.Msg, gid, MessageBranchId, BranchOps.Msg), options);

    /// <summary>
    /// Runs the business in a transaction of its own, which is committed, or rolled back when anything throws: the business, the database
    /// or the cancellation. A conflict of the barrier's own rows is tried again at once; the business runs once at most.
    /// </summary>
    /// <param name="connection">To the database of the business, without a transaction. If it is closed it is opened, and closed again.</param>
    /// <param name="business">Works in the given transaction and ends it not. Not called when the barrier says no.</param>
    /// <param name="cancellationToken">Ends the waiting for the barrier; a commit that has begun is not interrupted.</param>
    /// <returns>Whether the business ran, and if not, why.</returns>
    /// <exception cref="BranchOngoingException">The same call holds the row in another transaction, for longer than the database lets one wait.</exception>
    /// <exception cref="DtmConflictException">The local transaction of a message (op msg) was done before, or ruled out.</exception>
    /// <exception cref="DbException">The database said no; nothing was done, unless it was the commit whose answer got lost.</exception>
    public Task<BarrierResult> CallAsync(
        DbConnection connection, Func<DbTransaction, Task> business, CancellationToken cancellationToken = default) =>
        CallAsync(connection, IsolationLevel.Unspecified, business, cancellationToken);

    /// <summary>As the other, with a transaction of that isolation.</summary>
    /// <param name="connection">To the database of the business, without a transaction. If it is closed it is opened, and closed again.</param>
    /// <param name="isolation">The barrier works with any; Unspecified = the default of the database.</param>
    /// <param name="business">Works in the given transaction and ends it not. Not called when the barrier says no.</param>
    /// <param name="cancellationToken">Ends the waiting for the barrier; a commit that has begun is not interrupted.</param>
    /// <returns>Whether the business ran, and if not, why.</returns>
    /// <exception cref="BranchOngoingException">The same call holds the row in another transaction, for longer than the database lets one wait.</exception>
    /// <exception cref="DtmConflictException">The local transaction of a message (op msg) was done before, or ruled out.</exception>
    /// <exception cref="DbException">The database said no; nothing was done, unless it was the commit whose answer got lost.</exception>
    public async Task<BarrierResult> CallAsync(
        DbConnection connection, IsolationLevel isolation, Func<DbTransaction, Task> business, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(business);
        var barrierId = Context.NextBarrierId();
        await using var opened = (await OpenedConnection.OpenAsync(connection, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        return await RunAsync(connection, Begin, business, barrierId, cancellationToken).ConfigureAwait(false);

        async Task<OwnTransaction> Begin() =>
            new AdoTransaction(await connection.BeginTransactionAsync(isolation, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>
    /// Runs the business in the caller's transaction, which it neither commits nor rolls back. The caller commits it whatever the result
    /// is, and rolls it back when this throws: a row without its business would turn the repetition away.
    /// </summary>
    /// <param name="transaction">The caller's.</param>
    /// <param name="business">Gets the same transaction. Not called when the barrier says no.</param>
    /// <param name="cancellationToken">Ends the waiting for the barrier.</param>
    /// <returns>Whether the business ran, and if not, why.</returns>
    /// <exception cref="InvalidOperationException">The transaction has ended.</exception>
    /// <exception cref="DtmConflictException">The local transaction of a message (op msg) was done before, or ruled out.</exception>
    /// <exception cref="DbException">The database said no, a deadlock or serialization failure included: begin the transaction again.</exception>
    public async Task<BarrierResult> CallAsync(
        DbTransaction transaction, Func<DbTransaction, Task> business, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        ArgumentNullException.ThrowIfNull(business);
        var connection = transaction.Connection ?? throw new InvalidOperationException("The transaction has ended.");
        var result = await EnterAsync(connection, transaction, Context.NextBarrierId(), cancellationToken).ConfigureAwait(false);
        if (result == BarrierResult.Executed)
        {
            await business(transaction).ConfigureAwait(false);
        }

        return result;
    }

    /// <summary>In a transaction of its own, or several after each other while the business has not run.</summary>
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
                var result = await EnterAsync(connection, own.Transaction, barrierId, cancellationToken).ConfigureAwait(false);
                if (result == BarrierResult.Executed)
                {
                    started = true;
                    await business(own.Transaction).ConfigureAwait(false);
                }

                await own.CommitAsync().ConfigureAwait(false);
                return result;
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
                    throw new BranchOngoingException($"The barrier of {Context} is held by another transaction.", error) { Gid = Context.Gid };
                }
            }
        }
    }

    /// <summary>
    /// Inserts the rows and says what they mean. The call's own row comes first: repetitions of it wait there, without locks that two of
    /// them could hold crosswise.
    /// </summary>
    internal async Task<BarrierResult> EnterAsync(
        DbConnection connection, DbTransaction? transaction, string barrierId, CancellationToken cancellationToken)
    {
        var rows = new BarrierRows(connection, transaction, _options);
        var own = new BarrierKey(Context.TransType, Context.Gid, Context.BranchId, Context.Op, barrierId);
        if (!await rows.InsertAsync(own, Context.Op, cancellationToken).ConfigureAwait(false))
        {
            return await ExplainAsync(rows, own, cancellationToken).ConfigureAwait(false);
        }

        return OriginOf(Context.Op) is { } origin
            && await rows.InsertAsync(own with { Op = origin }, Context.Op, cancellationToken).ConfigureAwait(false)
                ? BarrierResult.NullCompensation
                : BarrierResult.Executed;
    }

    /// <summary>What an op takes back; null = nothing.</summary>
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
            throw new ArgumentException($"{name} must have 1 to {limit} characters; '{value}' has {value?.Length ?? 0}.", parameter);
        }
    }

    private static async Task<BarrierResult> ExplainAsync(BarrierRows rows, BarrierKey own, CancellationToken cancellationToken)
    {
        if (OriginOf(own.Op) is not null)
        {
            return BarrierResult.Duplicate; // Nobody else writes its row.
        }

        var reason = await rows.ReadReasonAsync(own, cancellationToken).ConfigureAwait(false);
        if (own.Op == BranchOps.Msg)
        {
            throw new DtmConflictException(
                reason == own.Op ? $"The local transaction of {own.Gid} has been done before." : $"The local transaction of {own.Gid} came too late.")
            {
                Gid = own.Gid,
                Reason = reason,
            };
        }

        return reason is null || reason == own.Op ? BarrierResult.Duplicate : BarrierResult.Hanging;
    }

    /// <summary>Never leaves a transaction open: where it cannot be rolled back the connection goes, and the server does it.</summary>
    private static async Task RollBackAsync(OwnTransaction own, DbConnection connection, Exception cause)
    {
        try
        {
            await own.RollBackAsync().ConfigureAwait(false);
        }
        catch (Exception error) when (error is DbException or InvalidOperationException)
        {
            cause.Data["OrleansDtm.Rollback"] = error.Message; // The cause is what the caller must see; this came of it.
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
