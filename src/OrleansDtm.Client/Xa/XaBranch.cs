using System.Data;
using System.Data.Common;

namespace OrleansDtm.Client;

/// <summary>
/// An XA branch in MySQL, MariaDB or PostgreSQL: the work is prepared in one call, and committed or rolled back in
/// another one, on another connection, however often and in whatever order the calls come. A row in the barrier table
/// (that of DTM's clients) distinguishes a committed branch from one that is not visible yet, and prevents a prepare
/// after the rollback.
/// </summary>
public sealed class XaBranch
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25);

    private readonly BranchContext _context;
    private readonly Func<DbConnection> _connect;
    private readonly XaOptions _options;
    private readonly BarrierKey _key;

    /// <summary>Creates the branch of a call.</summary>
    /// <param name="context">The call.</param>
    /// <param name="connect">Returns a new, closed connection to the branch's database, which is disposed here. On
    /// MySQL and MariaDB the first phase uses a similar one without pooling.</param>
    /// <param name="options">Null = the defaults.</param>
    /// <exception cref="ArgumentException">A part of the context is empty or too long for its column, or the gid
    /// contains a NUL.</exception>
    public XaBranch(BranchContext context, Func<DbConnection> connect, XaOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(connect);
        (_context, _connect, _options) = (new BranchBarrier(context).Context, connect, options ?? XaOptions.Default);
        if (context.Gid.Contains('\0', StringComparison.Ordinal)
            || context.BranchId.Contains('\0', StringComparison.Ordinal))
        {
            throw new ArgumentException("gid and branch_id must not contain a NUL.", nameof(context));
        }

        _key = new BarrierKey(
            TransTypes.Xa, context.UniqueGid, context.BranchId, BranchOps.Action, BranchBarrier.FirstBarrierId);
    }

    /// <summary>Runs the phase of <see cref="BranchContext.Op"/>: action prepares, commit and rollback end.</summary>
    /// <param name="business">As in <see cref="PrepareAsync"/>.</param>
    /// <param name="register">As in <see cref="PrepareAsync"/>.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="ArgumentException">The op is another one.</exception>
    /// <exception cref="DtmException">As in <see cref="PrepareAsync"/>, <see cref="CommitAsync"/> and
    /// <see cref="RollbackAsync"/>.</exception>
    public Task HandleAsync(
        Func<DbConnection, Task> business, Func<CancellationToken, Task> register,
        CancellationToken cancellationToken = default) =>
        _context.Op switch
        {
            BranchOps.Action => PrepareAsync(business, register, cancellationToken),
            BranchOps.Commit => CommitAsync(cancellationToken),
            BranchOps.Rollback => RollbackAsync(cancellationToken),
            _ => throw new ArgumentException(
                $"The op of an XA branch must be action, commit or rollback, not {_context.Op}."),
        };

    /// <summary>Runs the work and prepares it. After an exception no change and no lock remains.</summary>
    /// <param name="business">The work, on the given connection in its XA transaction; it must not start or end
    /// transactions.</param>
    /// <param name="register">Registers the branch with the coordinator, after the work and before the prepare.</param>
    /// <param name="cancellationToken">Cancels the wait; a started prepare is not interrupted.</param>
    /// <returns>When it is prepared; at once if it is prepared or committed.</returns>
    /// <exception cref="BranchFailureException">The branch has been rolled back already.</exception>
    /// <exception cref="BranchOngoingException">The same call is running on another connection.</exception>
    /// <exception cref="DtmException">The database rolled back the transaction after an error that the work
    /// caught.</exception>
    /// <exception cref="DbException">The database returned an error. If a response was lost it may be prepared: roll
    /// back the transaction.</exception>
    public async Task PrepareAsync(
        Func<DbConnection, Task> business, Func<CancellationToken, Task> register,
        CancellationToken cancellationToken = default)
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

        var (entered, prepared) = (false, false);
        try
        {
            entered = await sql.EnterAsync(connection, _options.Barrier, _key, cancellationToken).ConfigureAwait(false);
            if (entered)
            {
                await business(connection).ConfigureAwait(false);
                await new BarrierEntry(
                    BarrierResult.Executed, new BarrierRows(connection, null, _options.Barrier), _key)
                    .EnsureStandsAsync().ConfigureAwait(false);
                await register(cancellationToken).ConfigureAwait(false);
                cancellationToken.ThrowIfCancellationRequested();
                await sql.PrepareAsync(connection).ConfigureAwait(false);
                prepared = true;
            }
            else if (await new BarrierRows(connection, null, _options.Barrier)
                .ReadReasonAsync(_key, cancellationToken).ConfigureAwait(false) != BranchOps.Action)
            {
                throw new BranchFailureException($"The branch {_key.BranchId} of {_key.ToldGid} has been rolled back.")
                {
                    Gid = _key.ToldGid,
                };
            }
        }
        catch (Exception error)
        {
            await AbandonAsync(sql, connection, error).ConfigureAwait(false);
            if (!entered
                && error is DbException fault
                && IsHeld(fault, connection)
                && connection.State == ConnectionState.Open)
            {
                await JoinAsync(sql, connection, cancellationToken).ConfigureAwait(false);
                return;
            }

            throw;
        }

        if (!prepared)
        {
            await sql.AbandonAsync(connection).ConfigureAwait(false); // Committed before: nothing to prepare.
            return;
        }

        await connection.CloseAsync().ConfigureAwait(false);
        await sql.DetachedAsync(_connect, _options.Patience, _options.Time).ConfigureAwait(false);
    }

    /// <summary>
    /// Commits the prepared transaction. Returns only when it is committed; a missing one is not treated as committed.
    /// </summary>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="BranchOngoingException">It does not exist, or not yet: call again.</exception>
    /// <exception cref="DtmException">It was rolled back, so it cannot be committed.</exception>
    /// <exception cref="DbException">The database returned an error; repeat the call.</exception>
    public Task CommitAsync(CancellationToken cancellationToken = default) => FinishAsync(
        async (sql, connection, cancel) =>
        {
            if (await sql.FinishAsync(connection, commit: true, cancel).ConfigureAwait(false))
            {
                return true;
            }

            // Committed (the row, written in the same transaction, proves it), not visible yet, or never prepared.
            var reason = await sql.PeekReasonAsync(connection, _options.Barrier, _key, cancel).ConfigureAwait(false);
            return reason is null or BranchOps.Action
                ? reason is not null
                : throw new DtmException(
                    $"The branch {_key.BranchId} of {_key.ToldGid} has been rolled back: it cannot be committed.")
                {
                    Gid = _key.ToldGid,
                };
        },
        cancellationToken);

    /// <summary>Rolls back the prepared transaction, and prevents a later prepare.</summary>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="BranchOngoingException">Its first phase is running: call again.</exception>
    /// <exception cref="DtmException">It was committed, so it cannot be rolled back.</exception>
    /// <exception cref="DbException">The database returned an error; repeat the call.</exception>
    public Task RollbackAsync(CancellationToken cancellationToken = default) => FinishAsync(
        async (sql, connection, cancel) =>
        {
            // Whatever the result, the row decides: a running phase holds it, and a later one finds it.
            await sql.FinishAsync(connection, commit: false, cancel).ConfigureAwait(false);
            try
            {
                if (await sql.InsertSoonAsync(
                    connection, _options.Barrier, _key, BranchOps.Rollback, cancel).ConfigureAwait(false))
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
                : throw new DtmException(
                    $"The branch {_key.BranchId} of {_key.ToldGid} has been committed: it cannot be rolled back.")
                {
                    Gid = _key.ToldGid,
                };
        },
        cancellationToken);

    /// <summary>Repeats until the patience ends.</summary>
    private async Task FinishAsync(
        Func<XaSql, DbConnection, CancellationToken, Task<bool>> tried, CancellationToken cancellationToken)
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

    /// <summary>For a repetition of the first phase: the other one may be prepared.</summary>
    private async Task JoinAsync(XaSql sql, DbConnection connection, CancellationToken cancellationToken)
    {
        if (!await sql.IsPreparedAsync(connection, cancellationToken).ConfigureAwait(false))
        {
            throw Ongoing("the same call is in flight");
        }
    }

    /// <summary>If the rollback fails, the connection is closed, and the server rolls back.</summary>
    private static async Task AbandonAsync(XaSql sql, DbConnection connection, Exception cause)
    {
        try
        {
            await sql.AbandonAsync(connection).ConfigureAwait(false);
        }
        catch (Exception error) when (error is DbException or InvalidOperationException)
        {
            // The caller needs the cause; the rollback error is a consequence.
            cause.Data["OrleansDtm.Rollback"] = error.Message;
            await connection.CloseAsync().ConfigureAwait(false);
        }
    }

    private bool IsHeld(DbException error, DbConnection connection)
    {
        var dialect = _options.Barrier.DialectOf(connection);
        return BarrierFaults.IsLockTimeout(error, dialect) || BarrierFaults.IsConflict(error, dialect);
    }

    private BranchOngoingException Ongoing(string why) =>
        new($"The branch {_key.BranchId} of {_key.ToldGid}: {why}.") { Gid = _key.ToldGid };
}
