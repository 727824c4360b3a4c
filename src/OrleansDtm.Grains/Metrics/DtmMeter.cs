namespace OrleansDtm.Grains.Metrics;

/// <summary>The coordinator's meter.</summary>
public static class DtmMeter
{
    /// <summary>The name of the meter of all instruments.</summary>
    public const string Name = "OrleansDtm";
}
