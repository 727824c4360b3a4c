using OrleansDtm.Grains;

namespace OrleansDtm.Server.Configuration;

/// <summary>The request settings of the grains.</summary>
internal static class RequestSettings
{
    public static RequestOptions Of(CoordinatorOptions options)
    {
        var requests = new RequestOptions();
        Apply(options, requests);
        return requests;
    }

    public static void Apply(CoordinatorOptions options, RequestOptions requests)
    {
        requests.TimeoutToFail = options.TimeoutToFail;
        requests.RetryInterval = options.RetryInterval;
        requests.RetryIntervalMax = options.RetryIntervalMax;
        requests.RequestTimeout = options.RequestTimeout;
        requests.StepsMax = options.Limits.StepsMax;
        requests.ResultBytesMax = options.Limits.ResultBytesMax;
        requests.BytesMax = options.Limits.RequestBytesMax;
    }
}
