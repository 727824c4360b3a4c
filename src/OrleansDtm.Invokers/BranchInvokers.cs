using OrleansDtm.Core;

namespace OrleansDtm.Invokers;

/// <summary>Selects the invoker by the URL's protocol.</summary>
public sealed class BranchInvokers(HttpBranchInvoker http, JsonRpcBranchInvoker jsonRpc, GrpcBranchInvoker grpc)
    : IBranchInvoker
{
    public Task<Outcome> Invoke(BranchInvocation call, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(call);

        if (call.Protocol == "json-rpc" && !call.IsNotice && JsonRpcBranchInvoker.MethodOf(call.Url) is not null)
        {
            return jsonRpc.Invoke(call, cancellationToken);
        }

        // An http(s) URL is called over HTTP whatever the transaction's protocol is, as in DTM; a service name has no
        // protocol.
        return IsHttp(call.Url) || (ServiceUrl.Is(call.Url) && (call.IsNotice || call.Protocol != "grpc"))
            ? http.Invoke(call, cancellationToken)
            : grpc.Invoke(call, cancellationToken);
    }

    public static bool IsHttp(string url) =>
        url.StartsWith("http://", StringComparison.OrdinalIgnoreCase)
        || url.StartsWith("https://", StringComparison.OrdinalIgnoreCase);
}
