using System.Diagnostics;
using OrleansDtm.Protocol;
using TraceSpan = System.Diagnostics.Activity;

namespace OrleansDtm.Grains.Tracing;

/// <summary>
/// The coordinator's spans. As long as nobody listens none is made, and all that is left on a transaction's path is the question
/// whether somebody does.
/// </summary>
public static class DtmTracing
{
    /// <summary>The name of the source to listen to. The store's and the branches' begin with it and a dot.</summary>
    public const string Name = "OrleansDtm";

    internal const string Gid = "orleansdtm.gid";
    internal const string Type = "orleansdtm.type";

    /// <summary>Starts nothing when nobody listens.</summary>
    public static ActivitySource Source { get; } = new(Name);

    /// <summary>Starts a span below a known parent, whatever may be current.</summary>
    /// <param name="name">One of few.</param>
    /// <param name="kind">Which side of a call it is.</param>
    /// <param name="parent">default = it is the first of its trace.</param>
    /// <param name="links">Others that led to it; null = none.</param>
    /// <returns>Null when nobody listens or it is not wanted.</returns>
    public static TraceSpan? Start(string name, ActivityKind kind, ActivityContext parent, IEnumerable<ActivityLink>? links = null)
    {
        if (parent == default)
        {
            // Otherwise what is current, of somebody else's doing, would become the parent.
            TraceSpan.Current = null;
        }

        return Source.StartActivity(name, kind, parent, tags: null, links);
    }

    /// <summary>A trace context of our own, or one that was checked; default when there is none.</summary>
    /// <param name="parent">traceparent; null = none.</param>
    /// <param name="state">tracestate; null = none.</param>
    /// <param name="isRemote">Another process's: the SDK then passes on what it does not record.</param>
    public static ActivityContext ContextOf(string? parent, string? state, bool isRemote = false) =>
        parent is not null && ActivityContext.TryParse(parent, state, isRemote, out var context) ? context : default;

    /// <summary>Marks a span as failed, without the text of the error: it may quote what a service answered.</summary>
    public static void Fail(TraceSpan span, string error)
    {
        ArgumentNullException.ThrowIfNull(span);
        span.SetStatus(ActivityStatusCode.Error);
        span.SetTag("error.type", error);
    }

    /// <summary>Makes the span of the present request, where there is one, the parent of the transaction it brings.</summary>
    public static bool Attach(TransactionRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (!Source.HasListeners() || TraceSpan.Current is not { IdFormat: ActivityIdFormat.W3C } current || !ReferenceEquals(current.Source, Source))
        {
            return false;
        }

        if (request.Gid is { Length: <= Service.RequestValidator.GidMax } gid)
        {
            current.SetTag(Gid, gid);
        }

        request.TraceParent = current.Id;
        request.TraceState = current.TraceStateString;
        return true;
    }

    /// <summary>Lets the grains that are about to be asked know which span asks.</summary>
    internal static void Carry()
    {
        if (Source.HasListeners() && TraceSpan.Current is { } current && ReferenceEquals(current.Source, Source))
        {
            RequestContext.Set(TraceHeaders.Parent, current.Id!);
        }
    }

    /// <summary>Which span asks, if somebody listens; null = none.</summary>
    internal static string? Caller() => Source.HasListeners() ? RequestContext.Get(TraceHeaders.Parent) as string : null;
}
