using System.Diagnostics;
using OrleansDtm.Abstractions;
using TraceSpan = System.Diagnostics.Activity;

namespace OrleansDtm.Grains.Tracing;

/// <summary>The span of a request of an Orleans client.</summary>
internal static class ClientTracing
{
    /// <summary>Somebody listens.</summary>
    public static bool IsOn => DtmTracing.Source.HasListeners();

    /// <param name="method">Of ITransactions.</param>
    /// <param name="gid">Whose.</param>
    /// <param name="trace">What the request brought; default = nothing, then what Orleans brought counts.</param>
    /// <param name="serve">Answers it.</param>
    public static async Task<TransactionReply> Serve(
        string method, string gid, (string? Parent, string? State) trace, Func<Task<TransactionReply>> serve)
    {
        var (parent, state) = trace.Parent is not null
            ? trace
            : TraceHeaders.Check(RequestContext.Get(TraceHeaders.Parent) as string, RequestContext.Get(TraceHeaders.State) as string);
        using var span = DtmTracing.Start(
            $"ITransactions/{method}", ActivityKind.Server, TraceSpan.Current?.Context ?? DtmTracing.ContextOf(parent, state, isRemote: true));
        span?.SetTag("rpc.system", "orleans").SetTag("rpc.service", "ITransactions").SetTag("rpc.method", method).SetTag(DtmTracing.Gid, gid);
        var reply = await serve();
        if (span is not null && reply.Kind != ReplyKind.Ok)
        {
            DtmTracing.Fail(span, reply.Kind.ToString());
        }

        return reply;
    }
}
