using StackExchange.Redis;

namespace OrleansDtm.Client.Redis;

/// <summary>
/// Barriers for data in Redis: one script checks the marks, does the work and writes its mark, atomically. The marks
/// are those of DTM's own clients. Redis has no rollback: a script must check first and write then. Writes that a
/// primary loses before replication are lost.
/// </summary>
public static class BranchBarrierExtensions
{
    private const string Failure = "FAILURE";

    private const string Adjust = """
        if redis.call('EXISTS', KEYS[1]) == 0 then return 'FAILURE' end
        local adjusted = redis.call('INCRBY', KEYS[1], ARGV[1])
        if adjusted < 0 and tonumber(ARGV[1]) < 0 then
            redis.call('DECRBY', KEYS[1], ARGV[1])
            return 'FAILURE'
        end
        return adjusted
        """;

    /// <summary>
    /// Adds to a number, which must exist and must not become negative by a subtraction. DTM's RedisCheckAdjustAmount.
    /// </summary>
    /// <param name="barrier">The barrier of the call.</param>
    /// <param name="database">The database of the number.</param>
    /// <param name="key">The number, an integer.</param>
    /// <param name="amount">Negative to subtract.</param>
    /// <param name="options">Null = the defaults.</param>
    /// <param name="cancellationToken">Cancels the wait; the script may still run, and the repeated call detects
    /// this.</param>
    /// <returns>Whether it was added, and if not, why.</returns>
    /// <exception cref="BranchFailureException">The number does not exist or is too small.</exception>
    /// <exception cref="DtmConflictException">The local transaction of a message (op msg) has run before, or must not
    /// run any more.</exception>
    /// <exception cref="RedisException">Redis returned an error or no response; repeat the call.</exception>
    public static async Task<BarrierResult> AdjustAsync(
        this BranchBarrier barrier,
        IDatabase database,
        RedisKey key,
        long amount,
        RedisBarrierOptions? options = null,
        CancellationToken cancellationToken = default) =>
        (await barrier.CallAsync(
            database, Adjust, [key], [amount], options, cancellationToken).ConfigureAwait(false)).Result;

    /// <summary>Runs a script with the barrier.</summary>
    /// <param name="barrier">The barrier of the call.</param>
    /// <param name="database">The database of the work.</param>
    /// <param name="script">Lua, with its own keys and values in KEYS and ARGV. Returning 'FAILURE', or raising an
    /// error, leaves no mark: it must not have written anything before. Not run if the barrier skips it.</param>
    /// <param name="keys">Keys of the script.</param>
    /// <param name="values">Values of the script.</param>
    /// <param name="options">Null = the defaults.</param>
    /// <param name="cancellationToken">Cancels the wait; the script may still run, and the repeated call detects
    /// this.</param>
    /// <returns>Whether the script ran, and its result.</returns>
    /// <exception cref="BranchFailureException">The script returned 'FAILURE'.</exception>
    /// <exception cref="DtmConflictException">The local transaction of a message (op msg) has run before, or must not
    /// run any more.</exception>
    /// <exception cref="RedisException">Redis returned an error or no response; repeat the call.</exception>
    public static async Task<RedisBarrierResult> CallAsync(
        this BranchBarrier barrier,
        IDatabase database,
        string script,
        RedisKey[] keys,
        RedisValue[] values,
        RedisBarrierOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(barrier);
        ArgumentNullException.ThrowIfNull(database);
        ArgumentNullException.ThrowIfNull(script);
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(values);
        return await barrier
            .CountedAsync(barrierId => RunAsync(
                barrier.Context, barrierId, database, script, keys, values, options ?? RedisBarrierOptions.Default,
                cancellationToken))
            .ConfigureAwait(false);
    }

    private static async Task<RedisBarrierResult> RunAsync(
        BranchContext context,
        string barrierId,
        IDatabase database,
        string script,
        RedisKey[] keys,
        RedisValue[] values,
        RedisBarrierOptions options,
        CancellationToken cancellationToken)
    {
        var origin = BranchBarrier.OriginOf(context.Op) ?? "";
        var answer = (RedisResult[])(await database.ScriptEvaluateAsync(
            BarrierScripts.Around(script),
            [Key(options, context, context.Op, barrierId), Key(options, context, origin, barrierId), .. keys],
            [Seconds(options), origin, .. values],
            CommandFlags.DemandMaster).WaitAsync(cancellationToken).ConfigureAwait(false))!;
        switch ((string)answer[0]!)
        {
            case "DONE":
                return new RedisBarrierResult(BarrierResult.Executed, answer.Length > 1 ? answer[1] : null);
            case "NULL":
                return new RedisBarrierResult(BarrierResult.NullCompensation, null);
            case Failure:
                throw new BranchFailureException(
                    $"The {context.Op} of branch {context.BranchId} of {context.Gid} failed.")
                {
                    Gid = context.Gid,
                };
        }

        var late = (string)answer[1]! == BranchOps.Rollback;
        if (context.Op == BranchOps.Msg)
        {
            throw new DtmConflictException(
                $"The local transaction of {context.Gid} {(late ? "was too late" : "has been done before")}.")
            {
                Gid = context.Gid,
            };
        }

        return new RedisBarrierResult(late ? BarrierResult.Hanging : BarrierResult.Duplicate, null);
    }

    /// <summary>
    /// Answers query_prepared of a message, and prevents its script if it has not run. DTM's RedisQueryPrepared.
    /// </summary>
    /// <param name="barrier">The barrier of the call.</param>
    /// <param name="database">The database of the message's work.</param>
    /// <param name="options">Null = the defaults.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <returns>Success: its script has run. Failure: it never will.</returns>
    /// <exception cref="RedisException">Redis returned an error or no response; repeat the call.</exception>
    public static async Task<BranchOutcome> QueryPreparedAsync(
        this BranchBarrier barrier, IDatabase database, RedisBarrierOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(barrier);
        ArgumentNullException.ThrowIfNull(database);
        options ??= RedisBarrierOptions.Default;
        var message = barrier.Context with { BranchId = BranchBarrier.MessageBranchId };
        var mark = await database.ScriptEvaluateAsync(
            BarrierScripts.QueryPrepared,
            [Key(options, message, BranchOps.Msg, BranchBarrier.FirstBarrierId)],
            [Seconds(options)],
            CommandFlags.DemandMaster).WaitAsync(cancellationToken).ConfigureAwait(false);
        return (string)mark! == BranchOps.Rollback ? BranchOutcome.Failure : BranchOutcome.Success;
    }

    private static RedisKey Key(RedisBarrierOptions options, BranchContext context, string op, string barrierId) =>
        $"{options.KeyPrefix}{context.UniqueGid}-{context.BranchId}-{op}-{barrierId}";

    private static long Seconds(RedisBarrierOptions options) => (long)Math.Ceiling(options.Expiry.TotalSeconds);
}
