namespace OrleansDtm.Grains.Alerts;

/// <summary>Options of alerts for branch calls that keep failing.</summary>
public sealed class AlertOptions
{
    /// <summary>The URL that receives each alert as a POST request.</summary>
    public required Uri WebHook { get; set; }

    /// <summary>
    /// The number of consecutive errors of a call before the first alert; each further error sends another one. Default
    /// 3, as in DTM.
    /// </summary>
    public int RetryLimit { get; set; } = 3;

    /// <summary>
    /// The maximum number of queued alerts. Default 1000. If the queue is full, the oldest alert is dropped.
    /// </summary>
    public int QueueLength { get; set; } = 1000;

    /// <summary>The timeout of the webhook. Default 3 s.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(3);
}
