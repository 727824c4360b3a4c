using OrleansDtm.Core;

namespace OrleansDtm.Invokers;

/// <summary>Picks the invoker that speaks the URL's protocol.</summary>
public sealed class BranchInvokers(HttpBranchInvoker http, GrpcBranchInvoker grpc) : IBranchInvoker
{
    public Task<Outcome> Invoke(BranchInvocation call, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(call);

        // An http(s) URL is called by HTTP whatever the transaction's protocol is (DTM does the same).
        return IsHttp(call.Url)
            ? http.Invoke(call, cancellationToken)
            : grpc.Invoke(call, cancellationToken);
    }

    public static bool IsHttp(string url) =>
        url.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || url.StartsWith("https://", StringComparison.OrdinalIgnoreCase);
}
