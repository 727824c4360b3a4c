using System.Data;
using System.Data.Common;

namespace OrleansDtm.Client;

/// <summary>
/// A branch of an XA transaction in MySQL, MariaDB or PostgreSQL: the business is prepared in one call and committed or rolled back by
/// another, on another connection, however often and in whatever order the calls come. The row of DTM's clients in the barrier table tells
/// a branch that was committed from one that cannot be seen yet, and keeps out a prepare that comes after the rollback.
/// </summary>
public sealed class XaBranch
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25);

    private readonly BranchContext _context;
    private readonly Func<DbConnection> _connect;
    private readonly XaOptions _options;
    private readonly BarrierKey _key;

    /// <summary>Of a call.</summary>
    /// <param name="context">Which call it is.</param>
    /// <param name="connect">
    /// Gives a new, closed connection to the database of the business, which is disposed of here. On MySQL and MariaDB the first phase uses
    /// one like it, without pooling.
    /// </param>
    /// <param name="options">Null = the defaults.</param>
    /// <exception cref="ArgumentException">A part of the context is empty, or longer than its column, or the gid holds a NUL.</exception>
    public XaBranch(BranchContext context, Func<DbConnection> connect, XaOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(connect);
        (_context, _connect, _options) = (new BranchBarrier(context).Context, connect, options ?? XaOptions.Default);
        if (context.Gid.Contains('\0', StringComparison.Ordinal) || context.BranchId.Contains('\0', StringComparison.Ordinal))
        {
            throw new ArgumentException("gid and branch_id must not hold a NUL.", nameof(context));
        }

        _key = new BarrierKey(TransTypes.Xa, context.Gid, context.BranchId, BranchOps.Action, BranchBarrier.FirstBarrierId);
    }

    /// <summary>Does what <see cref="BranchContext.Op"/> says: action prepares, commit and rollback finish.</summary>
    /// <param name="business">As in <see cref="PrepareAsync"/>.</param>
    /// <param name="register">As in <see cref="PrepareAsync"/>.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="ArgumentException">The op is none of these.</exception>
    /// <exception cref="DtmException">As in <see cref="PrepareAsync"/>, <see cref="CommitAsync"/> and <see cref="RollbackAsync"/>.</exception>
    public Task HandleAsync(Func<DbConnection, Task> business, Func<CancellationToken, Task> register, CancellationToken cancellationToken = default) =>
        _context.Op switch
        {
            BranchOps.Action => PrepareAsync(business, register, cancellationToken),
            BranchOps.Commit => CommitAsync(cancellationToken),
            BranchOps.Rollback => RollbackAsync(cancellationToken),
            _ => throw new ArgumentException($"An XA branch is asked for action, commit or rollback, not for {_context.Op}."),
        };

    /// <summary>Runs the business and prepares it. Whatever throws, nothing of it and no lock remains.</summary>
    /// <param name="business">Works on the given connection, within its XA transaction: begins none of its own and ends none.</param>
    /// <param name="register">Tells the coordinator of the branch, after the business and before the prepare.</param>
    /// <param name="cancellationToken">Ends the waiting; a prepare that has begun is not interrupted.</param>
    /// <returns>When it is prepared; at once if it was before, or has been committed.</returns>
    /// <exception cref="BranchFailureException">The branch has been rolled back already.</exception>
    /// <exception cref="BranchOngoingException">The same call is under way on another connection.</exception>
    /// <exception cref="DtmException">The database has undone the transaction on an error that the business caught.</exception>
    /// <exception cref="DbException">The database said no. If an answer got lost it may be prepared: have the transaction rolled back.</exception>
    public async Task PrepareAsync(
        Func<DbConnection, Task> business, Func<CancellationToken, Task> register, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(business);
        ArgumentNullException.ThrowIfNull(register);
        var given = _connect();
        var sql = XaSql.For(_options.Barrier.DialectOf(given), _context);
        var connection = sql.Isolate(given);
        await using var disposing = connection.ConfigureAwait(false);
        await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
        if (!await sql.StartAsync(connection, cancellationToken).ConfigureAwait(false))
        {
            await JoinAsync(sql, connection, cancellationToken).ConfigureAwait(false);
            return;
        }

        var entered = false;
        try
        {
            entered = await sql.EnterAsync(connection, _options.Barrier, _key, cancellationToken).ConfigureAwait(false);
            if (entered)
            {
                await business(connection).ConfigureAwait(false);
                await new BarrierEntry(BarrierResult.Executed, new BarrierRows(connection, null, _options.Barrier), _key).EnsureStandsAsync().ConfigureAwait(false);
                await register(cancellationToken).ConfigureAwait(false);
                cancellationToken.ThrowIfCancellationRequested();
                await sql.PrepareAsync(connection).ConfigureAwait(false);
                return;
            }

            var rows = new BarrierRows(connection, null, _options.Barrier);
            if (await rows.ReadReasonAsync(_key, cancellationToken).ConfigureAwait(false) != BranchOps.Action)
            {
                throw new BranchFailureException($"The branch {_key.BranchId} of {_key.Gid} has been rolled back.") { Gid = _key.Gid };
            }
        }
        catch (Exception error)
        {
            await AbandonAsync(sql, connection, error).ConfigureAwait(false);
            if (!entered && error is DbException fault && IsHeld(fault, connection) && connection.State == ConnectionState.Open)
            {
                await JoinAsync(sql, connection, cancellationToken).ConfigureAwait(false);
                return;
            }

            throw;
        }

        await sql.AbandonAsync(connection).ConfigureAwait(false); // Committed before: there is nothing to prepare.
    }

    /// <summary>Commits what is prepared. Returns only when it is committed: one that cannot be found is not taken for one that was.</summary>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="BranchOngoingException">It is not there, or not yet: ask again.</exception>
    /// <exception cref="DtmException">It has been rolled back, so it cannot be committed any more.</exception>
    /// <exception cref="DbException">The database said no; ask again.</exception>
    public Task CommitAsync(CancellationToken cancellationToken = default) => FinishAsync(
        async (sql, connection, cancel) =>
        {
            if (await sql.FinishAsync(connection, commit: true, cancel).ConfigureAwait(false))
            {
                return true;
            }

            // Committed before, not visible yet, or never prepared: the row was written in the same transaction, so it tells.
            var reason = await sql.PeekReasonAsync(connection, _options.Barrier, _key, cancel).ConfigureAwait(false);
            return reason is null or BranchOps.Action
                ? reason is not null
                : throw new DtmException($"The branch {_key.BranchId} of {_key.Gid} has been rolled back: it cannot be committed.") { Gid = _key.Gid };
        },
        cancellationToken);

    /// <summary>Rolls back what is prepared, and keeps out what would be prepared later.</summary>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="BranchOngoingException">Its first phase is under way: ask again.</exception>
    /// <exception cref="DtmException">It has been committed, so it cannot be rolled back any more.</exception>
    /// <exception cref="DbException">The database said no; ask again.</exception>
    public Task RollbackAsync(CancellationToken cancellationToken = default) => FinishAsync(
        async (sql, connection, cancel) =>
        {
            // Whatever this says, the row decides: who holds it is still there, and whoever comes later meets it.
            await sql.FinishAsync(connection, commit: false, cancel).ConfigureAwait(false);
            try
            {
                if (await sql.InsertSoonAsync(connection, _options.Barrier, _key, BranchOps.Rollback, cancel).ConfigureAwait(false))
                {
                    return true;
                }
            }
            catch (DbException e) when (IsHeld(e, connection))
            {
                return false;
            }

            var reason = await sql.PeekReasonAsync(connection, _options.Barrier, _key, cancel).ConfigureAwait(false);
            return reason != BranchOps.Action
                ? reason is not null
                : throw new DtmException($"The branch {_key.BranchId} of {_key.Gid} has been committed: it cannot be rolled back.") { Gid = _key.Gid };
        },
        cancellationToken);

    /// <summary>Again and again, while the patience lasts.</summary>
    private async Task FinishAsync(Func<XaSql, DbConnection, CancellationToken, Task<bool>> tried, CancellationToken cancellationToken)
    {
        var connection = _connect();
        await using var disposing = connection.ConfigureAwait(false);
        var sql = XaSql.For(_options.Barrier.DialectOf(connection), _context);
        await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
        var start = _options.Time.GetTimestamp();
        while (!await tried(sql, connection, cancellationToken).ConfigureAwait(false))
        {
            if (_options.Time.GetElapsedTime(start) >= _options.Patience)
            {
                throw Ongoing("it is not prepared, or not visible yet");
            }

            await Task.Delay(Pause, _options.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>For a repetition of the first phase: the other one may be ready.</summary>
    private async Task JoinAsync(XaSql sql, DbConnection connection, CancellationToken cancellationToken)
    {
        if (!await sql.IsPreparedAsync(connection, cancellationToken).ConfigureAwait(false))
        {
            throw Ongoing("the same call is under way");
        }
    }

    /// <summary>Where it cannot be undone the connection goes, and the server does it.</summary>
    private static async Task AbandonAsync(XaSql sql, DbConnection connection, Exception cause)
    {
        try
        {
            await sql.AbandonAsync(connection).ConfigureAwait(false);
        }
        catch (Exception error) when (error is DbException or InvalidOperationException)
        {
            cause.Data["OrleansDtm.Rollback"] = error.Message; // The cause is what the caller must see; this came of it.
            await connection.CloseAsync().ConfigureAwait(false);
        }
    }

    private bool IsHeld(DbException error, DbConnection connection)
    {
        var dialect = _options.Barrier.DialectOf(connection);
        return BarrierFaults.IsLockTimeout(error, dialect) || BarrierFaults.IsConflict(error, dialect);
    }

    private BranchOngoingException Ongoing(string why) => new($"The branch {_key.BranchId} of {_key.Gid}: {why}.") { Gid = _key.Gid };
}
