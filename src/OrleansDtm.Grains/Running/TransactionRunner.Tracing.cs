using System.Diagnostics;
using System.Text.Json;
using OrleansDtm.Core;
using OrleansDtm.Grains.Tracing;
using OrleansDtm.Storage;
using TraceSpan = System.Diagnostics.Activity;

namespace OrleansDtm.Grains.Running;

/// <summary>Spans of transitions. The parent is the span that submitted the transaction, in any process.</summary>
public sealed partial class TransactionRunner
{
    private Task<WriteResult> Write(TransactionWrite write, List<PendingEvent> batch) =>
        DtmTracing.Source.HasListeners()
            ? WriteTraced(write, batch)
            : _services.Store.Write(write, CancellationToken.None);

    private async Task<WriteResult> WriteTraced(TransactionWrite write, List<PendingEvent> batch)
    {
        using var transition = StartTransition(write, batch);
        if (transition is null)
        {
            TraceSpan.Current = null; // The store's span must not become a child of an unrelated span.
        }

        try
        {
            var result = await _services.Store.Write(write, CancellationToken.None);
            if (transition is not null && result == WriteResult.Conflict)
            {
                DtmTracing.Fail(transition, "conflict");
            }

            return result;
        }
        catch (Exception e)
        {
            if (transition is not null)
            {
                DtmTracing.Fail(transition, e.GetType().Name);
            }

            throw;
        }
    }

    private IDisposable? BeginLog() => LogScope.Begin(_services.Log, _gid, _state?.Definition.Trace?.Parent);

    private static TraceSpan? StartTransition(TransactionWrite write, List<PendingEvent> batch)
    {
        var (definition, status) = (write.Next.Definition, write.Next.Status);
        var parent = DtmTracing.ContextOf(definition.Trace?.Parent, definition.Trace?.State);
        List<ActivityLink>? links = null;
        foreach (var pending in batch)
        {
            var caller = DtmTracing.ContextOf(pending.Caller, null);
            if (caller == default || caller.SpanId == parent.SpanId)
            {
                continue;
            }

            if (batch.Count == 1 && caller.TraceId == parent.TraceId)
            {
                parent = caller; // A later request of the same trace.
            }
            else
            {
                (links ??= []).Add(new ActivityLink(caller));
            }
        }

        var transition = DtmTracing.Start("transition", ActivityKind.Internal, parent, links);
        if (transition is { IsAllDataRequested: true })
        {
            DtmTracing.SetGid(transition, definition.Gid);
            transition.SetTag(DtmTracing.Type, Names.Of(definition.Type));
            transition.SetTag("orleansdtm.events", batch.ConvertAll(static pending => NameOf(pending.Event)).ToArray());
            transition.SetTag("orleansdtm.status", Names.Of(status));
            transition.SetTag("orleansdtm.version", write.Next.Version);
            foreach (var (key, value) in definition.Tags)
            {
                transition.SetTag(DtmTracing.TagPrefix + key, value);
            }

            if (write.Previous is { } previous)
            {
                transition.SetTag("orleansdtm.status.previous", Names.Of(previous.Status));
            }
        }

        return transition;
    }

    /// <summary>Returns the event's name in snake case, for example <c>retry_branch</c>.</summary>
    private static string NameOf(TransactionEvent occurred) =>
        JsonNamingPolicy.SnakeCaseLower.ConvertName(occurred.GetType().Name);
}
