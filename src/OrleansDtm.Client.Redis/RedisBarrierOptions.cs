namespace OrleansDtm.Client.Redis;

/// <summary>Options of barriers in Redis. Thread-safe after configuration.</summary>
public sealed class RedisBarrierOptions
{
    private TimeSpan _expiry = TimeSpan.FromDays(7);

    /// <summary>
    /// Lifetime of marks, in whole seconds; longer than a transaction may last, and a call may be late. Default: 7
    /// days.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is below a second.</exception>
    public TimeSpan Expiry
    {
        get => _expiry;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.FromSeconds(1));
            _expiry = value;
        }
    }

    /// <summary>
    /// Prefix of the keys, before gid-branch-op-number. A Redis Cluster needs all keys of a script in one slot: use the
    /// hash tag of the work's keys, such as "{account-7}". Default: none, as in DTM's own clients.
    /// </summary>
    public string KeyPrefix { get; set; } = "";

    internal static RedisBarrierOptions Default { get; } = new();
}
