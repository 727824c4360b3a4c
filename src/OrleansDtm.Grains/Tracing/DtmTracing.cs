using System.Diagnostics;
using OrleansDtm.Core;
using OrleansDtm.Protocol;
using TraceSpan = System.Diagnostics.Activity;

namespace OrleansDtm.Grains.Tracing;

/// <summary>
/// Creates the coordinator's spans. Without a listener no span is created, and the cost is one check.
/// </summary>
public static class DtmTracing
{
    /// <summary>
    /// The name of the activity source. The names of the store's and the branches' sources start with it and a dot.
    /// </summary>
    public const string Name = "OrleansDtm";

    internal const string Gid = "orleansdtm.gid";
    internal const string Type = "orleansdtm.type";

    /// <summary>The namespace; absent for the default one.</summary>
    internal const string Namespace = "orleansdtm.namespace";

    /// <summary>The start of the attributes that carry the tags of a transaction.</summary>
    internal const string TagPrefix = "orleansdtm.tag.";

    /// <summary>The activity source.</summary>
    public static ActivitySource Source { get; } = new(Name);

    /// <summary>Starts a span with an explicit parent, whatever the current span is.</summary>
    /// <param name="name">The span name, of low cardinality.</param>
    /// <param name="kind">The span kind.</param>
    /// <param name="parent">The parent; default = a new trace.</param>
    /// <param name="links">Linked spans; null = none.</param>
    /// <returns>Null if there is no listener, or the span is not sampled.</returns>
    public static TraceSpan? Start(
        string name, ActivityKind kind, ActivityContext parent, IEnumerable<ActivityLink>? links = null)
    {
        if (parent == default)
        {
            // Otherwise an unrelated current span would become the parent.
            TraceSpan.Current = null;
        }

        return Source.StartActivity(name, kind, parent, tags: null, links);
    }

    /// <summary>Parses a trace context that was created or validated here; default = none.</summary>
    /// <param name="parent">traceparent; null = none.</param>
    /// <param name="state">tracestate; null = none.</param>
    /// <param name="isRemote">True if it comes from another process; the SDK then propagates it even if it is not
    /// recorded.</param>
    public static ActivityContext ContextOf(string? parent, string? state, bool isRemote = false) =>
        parent is not null && ActivityContext.TryParse(parent, state, isRemote, out var context) ? context : default;

    /// <summary>Marks a span as failed, without the error text, which may quote a service's response.</summary>
    public static void Fail(TraceSpan span, string error)
    {
        ArgumentNullException.ThrowIfNull(span);
        span.SetStatus(ActivityStatusCode.Error);
        span.SetTag("error.type", error);
    }

    /// <summary>Makes the current request's span, if there is one, the parent of the transaction.</summary>
    public static bool Attach(TransactionRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (!Source.HasListeners()
            || TraceSpan.Current is not { IdFormat: ActivityIdFormat.W3C } current
            || !ReferenceEquals(current.Source, Source))
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

    /// <summary>Sets the gid as the submitter named it, and its namespace.</summary>
    /// <param name="span">The span.</param>
    /// <param name="gid">The stored gid.</param>
    internal static void SetGid(TraceSpan span, string gid)
    {
        span.SetTag(Gid, Namespaces.Plain(gid));
        if (Namespaces.IsQualified(gid))
        {
            span.SetTag(Namespace, Namespaces.Of(gid));
        }
    }

    /// <summary>Sets the namespace of the current request's span, if there is one.</summary>
    public static void AttachNamespace(string name)
    {
        if (Source.HasListeners() && TraceSpan.Current is { } current && ReferenceEquals(current.Source, Source))
        {
            current.SetTag(Namespace, name);
        }
    }

    /// <summary>Passes the current span to the grains that are called next.</summary>
    internal static void Carry()
    {
        if (Source.HasListeners() && TraceSpan.Current is { } current && ReferenceEquals(current.Source, Source))
        {
            RequestContext.Set(TraceHeaders.Parent, current.Id!);
        }
    }

    /// <summary>Returns the calling span if there is a listener; null = none.</summary>
    internal static string? Caller() =>
        Source.HasListeners() ? RequestContext.Get(TraceHeaders.Parent) as string : null;
}
