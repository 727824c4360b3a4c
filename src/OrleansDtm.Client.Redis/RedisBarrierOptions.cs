namespace OrleansDtm.Client.Redis;

/// <summary>How barriers mark calls in Redis. Safe for concurrent use once it is set up.</summary>
public sealed class RedisBarrierOptions
{
    private TimeSpan _expiry = TimeSpan.FromDays(7);

    /// <summary>
    /// How long a call is remembered, in whole seconds; longer than a transaction may last, and than a call may be late. Default: 7 days.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">That is below a second.</exception>
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
    /// What the keys begin with, before gid-branch-op-number. A cluster of Redis needs all keys of a script in one slot: give the hash tag of
    /// the business's keys, as in "{account-7}". Default: nothing, as DTM's own clients.
    /// </summary>
    public string KeyPrefix { get; set; } = "";

    internal static RedisBarrierOptions Default { get; } = new();
}
