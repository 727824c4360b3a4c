namespace OrleansDtm.Client.Redis;

/// <summary>
/// The Lua of the barrier. A mark is 'op' for a call that was done and 'rollback' for one that must not run any more.
/// </summary>
internal static class BarrierScripts
{
    public const string QueryPrepared = """
        local mark = redis.call('GET', KEYS[1])
        if not mark then
            mark = 'rollback'
            redis.call('SET', KEYS[1], mark, 'EX', ARGV[1])
        end
        return mark
        """;

    private const string Before = """
        local mark = redis.call('GET', KEYS[1])
        if mark then return {'MARKED', mark} end
        if ARGV[2] ~= '' and redis.call('EXISTS', KEYS[2]) == 0 then
            redis.call('SET', KEYS[2], 'rollback', 'EX', ARGV[1])
            redis.call('SET', KEYS[1], 'op', 'EX', ARGV[1])
            return {'NULL'}
        end
        local business = function(KEYS, ARGV)

        """;

    private const string After = """

        end
        local value = business({unpack(KEYS, 3)}, {unpack(ARGV, 3)})
        if value == 'FAILURE' then return {'FAILURE'} end
        if type(value) == 'table' and value.err then return value end
        redis.call('SET', KEYS[1], 'op', 'EX', ARGV[1])
        return {'DONE', value}
        """;

    /// <summary>
    /// KEYS: this call's mark, the mark of the op that it compensates, the script's own keys. ARGV: lifetime of marks
    /// in seconds, the op that it compensates or nothing, the script's own values.
    /// </summary>
    public static string Around(string script) => Before + script + After;
}
