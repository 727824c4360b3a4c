namespace OrleansDtm.Grains.Metrics;

/// <summary>What listeners of the coordinator's measurements need to know.</summary>
public static class DtmMeter
{
    /// <summary>The name of the meter all instruments belong to.</summary>
    public const string Name = "OrleansDtm";
}
