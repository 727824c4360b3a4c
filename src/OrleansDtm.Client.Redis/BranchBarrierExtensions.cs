using StackExchange.Redis;

namespace OrleansDtm.Client.Redis;

/// <summary>
/// Barriers for business that is in Redis: one script looks at the marks, does the business and leaves its mark, so nothing comes between.
/// The marks are those of DTM's own clients. Redis undoes nothing: a script must check first and write then. What a primary acknowledged
/// and lost before its replica had it is lost here too.
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

    /// <summary>Adds to a number, which must be there and which taking away must not bring below 0. DTM's RedisCheckAdjustAmount.</summary>
    /// <param name="barrier">Of the call.</param>
    /// <param name="database">Where the number is.</param>
    /// <param name="key">The number, an integer.</param>
    /// <param name="amount">Negative to take away.</param>
    /// <param name="options">Null = the defaults.</param>
    /// <param name="cancellationToken">Ends the waiting; the script may run nevertheless, which the repeated call finds out.</param>
    /// <returns>Whether it was added, and if not, why.</returns>
    /// <exception cref="BranchFailureException">There is no such number, or it is too small.</exception>
    /// <exception cref="DtmConflictException">The local transaction of a message (op msg) was done before, or ruled out.</exception>
    /// <exception cref="RedisException">Redis said no, or nothing; repeat the call.</exception>
    public static async Task<BarrierResult> AdjustAsync(
        this BranchBarrier barrier,
        IDatabase database,
        RedisKey key,
        long amount,
        RedisBarrierOptions? options = null,
        CancellationToken cancellationToken = default) =>
        (await barrier.CallAsync(database, Adjust, [key], [amount], options, cancellationToken).ConfigureAwait(false)).Result;

    /// <summary>Runs a script behind the barrier.</summary>
    /// <param name="barrier">Of the call.</param>
    /// <param name="database">Where the business is.</param>
    /// <param name="script">
    /// Lua, which finds its own keys and values in KEYS and ARGV. Returning 'FAILURE', or raising an error, leaves no mark: it must not have
    /// written anything by then. Not run when the barrier says no.
    /// </param>
    /// <param name="keys">Of the script.</param>
    /// <param name="values">Of the script.</param>
    /// <param name="options">Null = the defaults.</param>
    /// <param name="cancellationToken">Ends the waiting; the script may run nevertheless, which the repeated call finds out.</param>
    /// <returns>Whether the script ran, and what it returned.</returns>
    /// <exception cref="BranchFailureException">The script returned 'FAILURE'.</exception>
    /// <exception cref="DtmConflictException">The local transaction of a message (op msg) was done before, or ruled out.</exception>
    /// <exception cref="RedisException">Redis said no, or nothing; repeat the call.</exception>
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
            .CountedAsync(barrierId => RunAsync(barrier.Context, barrierId, database, script, keys, values, options ?? RedisBarrierOptions.Default, cancellationToken))
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
                throw new BranchFailureException($"The business refused the {context.Op} of branch {context.BranchId} of {context.Gid}.") { Gid = context.Gid };
        }

        var late = (string)answer[1]! == BranchOps.Rollback;
        if (context.Op == BranchOps.Msg)
        {
            throw new DtmConflictException($"The local transaction of {context.Gid} {(late ? "came too late" : "has been done before")}.") { Gid = context.Gid };
        }

        return new RedisBarrierResult(late ? BarrierResult.Hanging : BarrierResult.Duplicate, null);
    }

    /// <summary>
    /// Answers the coordinator's question whether a prepared message was meant, and rules its script out if it has not run. DTM's
    /// RedisQueryPrepared.
    /// </summary>
    /// <param name="barrier">Of the call.</param>
    /// <param name="database">Where the message's business is.</param>
    /// <param name="options">Null = the defaults.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>Success: its script has run. Failure: it never will.</returns>
    /// <exception cref="RedisException">Redis said no, or nothing; ask again.</exception>
    public static async Task<BranchOutcome> QueryPreparedAsync(
        this BranchBarrier barrier, IDatabase database, RedisBarrierOptions? options = null, CancellationToken cancellationToken = default)
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
        $"{options.KeyPrefix}{context.Gid}-{context.BranchId}-{op}-{barrierId}";

    private static long Seconds(RedisBarrierOptions options) => (long)Math.Ceiling(options.Expiry.TotalSeconds);
}
