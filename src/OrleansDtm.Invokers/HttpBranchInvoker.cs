using OrleansDtm.Core;
using OrleansDtm.Protocol;

namespace OrleansDtm.Invokers;

/// <summary>
/// Calls branches over HTTP as DTM does: POST with a body, GET without; the query identifies the call.
/// </summary>
public sealed class HttpBranchInvoker(BranchHttpClient http) : IBranchInvoker
{
    public Task<Outcome> Invoke(BranchInvocation call, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(call);
        var max = call.ResultBytesMax;
        return http.Send(
            call,
            Target,
            Math.Max(OutcomeRules.ErrorTextMax, max),
            call.IsNotice ? static (in ServiceAnswer answer) => OutcomeRules.FromNotice(answer.Status, answer.Body)
                : max > 0 ? (in ServiceAnswer answer) => WithResult(answer, max)
                : OutcomeRules.FromHttp,
            cancellationToken);
    }

    private static Outcome WithResult(in ServiceAnswer answer, int max)
    {
        var outcome = OutcomeRules.FromHttp(answer);
        return outcome.Kind == OutcomeKind.Succeeded ? outcome with { Answer = answer.Result(max) } : outcome;
    }

    private static (HttpMethod Method, string Url, ReadOnlyMemory<byte> Body) Target(BranchInvocation call)
    {
        var url = BranchHttpClient.WithoutFragment(call.Url);
        var separator = url.Contains('?') ? '&' : '?';
        var target = $"{url}{separator}{BranchQuery.BranchId}={Uri.EscapeDataString(call.BranchId)}&{BranchQuery.Gid}="
            + $"{Uri.EscapeDataString(call.ToldGid)}&{BranchQuery.Op}={Uri.EscapeDataString(call.Op)}&"
            + $"{BranchQuery.TransType}={Names.Of(call.Type)}";

        // xa calls are always POST: DTM's SDKs route phase two so.
        var post = call.Payload.Length > 0 || call.Type == TransactionType.Xa;
        return (post ? HttpMethod.Post : HttpMethod.Get, target, call.Payload);
    }
}
