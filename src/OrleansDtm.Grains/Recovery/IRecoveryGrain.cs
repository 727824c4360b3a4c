namespace OrleansDtm.Grains.Recovery;

/// <summary>Resumes the unfinished transactions of one store shard; the key is the shard's number.</summary>
[Alias("dtm.IRecoveryGrain")]
internal interface IRecoveryGrain : IGrainWithIntegerKey
{
    /// <summary>Registers the reminder and starts sweeping. Idempotent.</summary>
    [Alias("Start")]
    Task Start();
}
