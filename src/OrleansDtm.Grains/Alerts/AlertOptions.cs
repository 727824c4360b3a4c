namespace OrleansDtm.Grains.Alerts;

/// <summary>Who is told of branches that keep failing, and when.</summary>
public sealed class AlertOptions
{
    /// <summary>Is POSTed each alert.</summary>
    public required Uri WebHook { get; set; }

    /// <summary>Errors of one call in a row before the first alert; each further one is an alert too. Default 3, as in DTM.</summary>
    public int RetryLimit { get; set; } = 3;

    /// <summary>Alerts that wait to be sent. Default 1000; beyond, the oldest go: the newest say how it is.</summary>
    public int QueueLength { get; set; } = 1000;

    /// <summary>How long the webhook may take. Default 3 s.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(3);
}
