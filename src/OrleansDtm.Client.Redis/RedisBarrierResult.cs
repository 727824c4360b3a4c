using StackExchange.Redis;

namespace OrleansDtm.Client.Redis;

/// <summary>What a barrier made of a call.</summary>
/// <param name="Result">Whether the business ran, and if not, why.</param>
/// <param name="Value">What the business's script returned; null = it did not run, or returned nothing.</param>
public sealed record RedisBarrierResult(BarrierResult Result, RedisResult? Value);
