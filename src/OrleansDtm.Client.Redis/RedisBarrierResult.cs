using StackExchange.Redis;

namespace OrleansDtm.Client.Redis;

/// <summary>The result of a barrier.</summary>
/// <param name="Result">Whether the work ran, and if not, why.</param>
/// <param name="Value">The result of the script; null = it did not run, or returned nothing.</param>
public sealed record RedisBarrierResult(BarrierResult Result, RedisResult? Value);
