namespace OrleansDtm.Grains.Recovery;

/// <summary>Looks after the unfinished transactions of one store shard; the key is its number.</summary>
[Alias("dtm.IRecoveryGrain")]
internal interface IRecoveryGrain : IGrainWithIntegerKey
{
    /// <summary>Registers the reminder and starts sweeping. Idempotent.</summary>
    [Alias("Start")]
    Task Start();
}
