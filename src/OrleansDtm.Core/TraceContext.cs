namespace OrleansDtm.Core;

/// <summary>The W3C trace context of a transaction. The rules pass it on and never interpret it.</summary>
/// <param name="Parent">traceparent: version, trace id, parent span id, flags.</param>
/// <param name="State">tracestate; empty = none.</param>
public sealed record TraceContext(string Parent, string State);
