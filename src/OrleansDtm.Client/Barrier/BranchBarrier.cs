using System.Data;
using System.Data.Common;

namespace OrleansDtm.Client;

/// <summary>
/// Makes a branch safe against what happens to calls on their way: one that comes twice, a compensation that comes without or before its
/// action, an action that comes after its compensation. In the transaction of the business it inserts a row per call into the barrier
/// table, whose unique key decides. One object per call of the coordinator. Rows are those of DTM's own clients.
/// </summary>
/// <remarks>
/// Several barriers in one call are told apart by their order, so they must come in the same order when the call is repeated, and in the
/// compensation. One that throws counts for nothing: tried again within the call it is the same barrier, so whoever goes on to another one
/// instead must name them. What becomes of a transaction of the caller's own cannot be seen from here: whoever tries that again within the
/// call must name the barrier, by <see cref="Named"/>. The local transaction of a message (op msg) has one barrier, however often it is tried.
/// </remarks>
public sealed partial class BranchBarrier
{
    internal const string FirstBarrierId = "01";
    internal const string MessageBranchId = "00";
    private const int Attempts = 10;

    private readonly BarrierOptions _options;
    private readonly string? _name;

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
        _name = context.Op == BranchOps.Msg ? FirstBarrierId : null;
    }

    private BranchBarrier(BranchBarrier other, string name) => (Context, _options, _name) = (other.Context, other._options, name);

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
    /// A barrier of this call that is told apart by its name, not by its order: all it does has one barrier_id, so it can be tried again within
    /// the call whatever became of the try before, a commit whose answer got lost included. A compensation must give its barrier the name of
    /// its action's.
    /// </summary>
    /// <param name="name">
    /// The barrier_id, 1 to 45 characters. Where there are others it must differ from theirs; those that are told apart by order are "01",
    /// "02", and so on.
    /// </param>
    /// <exception cref="ArgumentException">The name is empty or too long, or the call is that of a message (op msg), whose barrier is "01".</exception>
    public BranchBarrier Named(string name)
    {
        Check(name, 45, "barrier_id", nameof(name));
        return Context.Op != BranchOps.Msg || name == FirstBarrierId
            ? new BranchBarrier(this, name)
            : throw new ArgumentException($"The barrier of a message is {FirstBarrierId}, which the coordinator asks for.", nameof(name));
    }

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
    /// <exception cref="DtmException">
    /// The business caught an error on which the database had undone the transaction, a deadlock of MySQL: what it did after that may stand.
    /// </exception>
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
    /// <exception cref="DtmException">
    /// The business caught an error on which the database had undone the transaction, a deadlock of MySQL: what it did after that may stand.
    /// </exception>
    /// <exception cref="DbException">The database said no; nothing was done, unless it was the commit whose answer got lost.</exception>
    public async Task<BarrierResult> CallAsync(
        DbConnection connection, IsolationLevel isolation, Func<DbTransaction, Task> business, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(business);
        return await CountedAsync(Run).ConfigureAwait(false);

        async Task<BarrierResult> Run(string barrierId)
        {
            await using var opened = (await OpenedConnection.OpenAsync(connection, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
            return await RunAsync(connection, Begin, business, barrierId, cancellationToken).ConfigureAwait(false);
        }

        async Task<OwnTransaction> Begin() =>
            new AdoTransaction(await connection.BeginTransactionAsync(isolation, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>
    /// Runs the business in the caller's transaction, which it neither commits nor rolls back. The caller commits it whatever the result
    /// is, and rolls it back when this throws: a row without its business would turn the repetition away. Whether it was committed cannot be
    /// seen from here: to try it again within the call, whatever failed, give the barrier a name (<see cref="Named"/>) once, before the first
    /// try, or the second one counts as a barrier of its own and the business may be done twice.
    /// </summary>
    /// <param name="transaction">The caller's.</param>
    /// <param name="business">Gets the same transaction. Not called when the barrier says no.</param>
    /// <param name="cancellationToken">Ends the waiting for the barrier.</param>
    /// <returns>Whether the business ran, and if not, why.</returns>
    /// <exception cref="InvalidOperationException">The transaction has ended.</exception>
    /// <exception cref="DtmConflictException">The local transaction of a message (op msg) was done before, or ruled out.</exception>
    /// <exception cref="DtmException">The database has undone the transaction on an error that the business caught: roll it back.</exception>
    /// <exception cref="DbException">
    /// The database said no, a deadlock or serialization failure included: begin the transaction again, here or when the call is repeated.
    /// </exception>
    public async Task<BarrierResult> CallAsync(
        DbTransaction transaction, Func<DbTransaction, Task> business, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        ArgumentNullException.ThrowIfNull(business);
        var connection = transaction.Connection ?? throw new InvalidOperationException("The transaction has ended.");
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

    /// <summary>Under the next number, which is given back when that throws, or the scope comes to nothing; or under the name.</summary>
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
                number.GiveBack(); // Of one in doubt the row will tell.
            }
        }
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
                var entry = await EnterAsync(connection, own.Transaction, barrierId, cancellationToken).ConfigureAwait(false);
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
                    throw new BranchOngoingException($"The barrier of {Context} is held by another transaction.", error) { Gid = Context.Gid };
                }
            }
        }
    }

    /// <summary>
    /// Inserts the rows and says what they mean. The call's own row comes first: repetitions of it wait there, without locks that two of
    /// them could hold crosswise.
    /// </summary>
    internal async Task<BarrierEntry> EnterAsync(
        DbConnection connection, DbTransaction? transaction, string barrierId, CancellationToken cancellationToken)
    {
        var rows = new BarrierRows(connection, transaction, _options);
        var own = new BarrierKey(Context.TransType, Context.Gid, Context.BranchId, Context.Op, barrierId);
        if (!await rows.InsertAsync(own, Context.Op, cancellationToken).ConfigureAwait(false))
        {
            return new BarrierEntry(await ExplainAsync(rows, own, cancellationToken).ConfigureAwait(false), rows, own);
        }

        if (OriginOf(Context.Op) is { } origin && await rows.InsertAsync(own with { Op = origin }, Context.Op, cancellationToken).ConfigureAwait(false))
        {
            return new BarrierEntry(BarrierResult.NullCompensation, rows, own);
        }

        await rows.MarkAsync(cancellationToken).ConfigureAwait(false);
        return new BarrierEntry(BarrierResult.Executed, rows, own);
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
