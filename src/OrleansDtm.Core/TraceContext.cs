namespace OrleansDtm.Core;

/// <summary>Where in a distributed trace a transaction belongs, as W3C's headers say it. Carried, never interpreted by the rules.</summary>
/// <param name="Parent">traceparent: version, trace id, id of the span that is the parent of what follows, flags.</param>
/// <param name="State">tracestate; empty = none.</param>
public sealed record TraceContext(string Parent, string State);
