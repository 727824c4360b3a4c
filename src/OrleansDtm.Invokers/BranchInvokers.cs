using OrleansDtm.Core;

namespace OrleansDtm.Invokers;

/// <summary>Picks the invoker that speaks the URL's protocol.</summary>
public sealed class BranchInvokers(HttpBranchInvoker http, JsonRpcBranchInvoker jsonRpc, GrpcBranchInvoker grpc) : IBranchInvoker
{
    public Task<Outcome> Invoke(BranchInvocation call, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(call);

        if (call.Protocol == "json-rpc" && !call.IsNotice && JsonRpcBranchInvoker.MethodOf(call.Url) is not null)
        {
            return jsonRpc.Invoke(call, cancellationToken);
        }

        // An http(s) URL is called by HTTP whatever the transaction's protocol is (DTM does the same); the name of a
        // service says no protocol.
        return IsHttp(call.Url) || (ServiceUrl.Is(call.Url) && (call.IsNotice || call.Protocol != "grpc"))
            ? http.Invoke(call, cancellationToken)
            : grpc.Invoke(call, cancellationToken);
    }

    public static bool IsHttp(string url) =>
        url.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || url.StartsWith("https://", StringComparison.OrdinalIgnoreCase);
}
