using System.Text;
using OrleansDtm.Core;
using OrleansDtm.Protocol;

namespace OrleansDtm.Invokers;

/// <summary>Calls branches over HTTP the way DTM does: POST with a body, GET without, who and what in the query.</summary>
public sealed class HttpBranchInvoker(BranchHttpClient http) : IBranchInvoker
{
    public Task<Outcome> Invoke(BranchInvocation call, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(call);
        return http.Send(
            call,
            Target,
            call.IsNotice
                ? static (status, body, _) => OutcomeRules.FromNotice(status, body)
                : static (status, body, _) => OutcomeRules.FromHttp(status, body),
            cancellationToken);
    }

    private static (HttpMethod Method, string Url, ReadOnlyMemory<byte> Body) Target(BranchInvocation call)
    {
        var url = BranchHttpClient.WithoutFragment(call.Url);
        var target = new StringBuilder(url.Length + call.Gid.Length + 64);
        target.Append(url).Append(url.Contains('?') ? '&' : '?');
        target.Append(BranchQuery.BranchId).Append('=').Append(Uri.EscapeDataString(call.BranchId));
        target.Append('&').Append(BranchQuery.Gid).Append('=').Append(Uri.EscapeDataString(call.Gid));
        target.Append('&').Append(BranchQuery.Op).Append('=').Append(Uri.EscapeDataString(call.Op));
        target.Append('&').Append(BranchQuery.TransType).Append('=').Append(call.Type);

        // xa calls are POST even without a body: that is how DTM's SDKs route phase two.
        var post = call.Payload.Length > 0 || call.Type == "xa";
        return (post ? HttpMethod.Post : HttpMethod.Get, target.ToString(), call.Payload);
    }
}
