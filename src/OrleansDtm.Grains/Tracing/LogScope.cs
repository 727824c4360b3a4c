using System.Collections;
using Microsoft.Extensions.Logging;
using OrleansDtm.Core;

namespace OrleansDtm.Grains.Tracing;

/// <summary>A log scope with the gid and trace id. Created only when a line is logged.</summary>
public sealed class LogScope : IReadOnlyList<KeyValuePair<string, object?>>
{
    private const string GidKey = "OrleansDtm.Gid";

    private readonly KeyValuePair<string, object?>[] _values;

    private LogScope(string gid, string? trace) => _values = trace is null
        ? [.. Names(gid)]
        : [.. Names(gid), new("trace_id", trace)];

    private static IEnumerable<KeyValuePair<string, object?>> Names(string gid) => Namespaces.IsQualified(gid)
        ? [new("gid", Namespaces.Plain(gid)), new("namespace", Namespaces.Of(gid))]
        : [new("gid", gid)];

    public int Count => _values.Length;

    public KeyValuePair<string, object?> this[int index] => _values[index];

    /// <summary>Begins the scope of a transaction.</summary>
    /// <param name="log">The logger.</param>
    /// <param name="gid">The gid.</param>
    /// <param name="traceParent">The traceparent; null = not traced.</param>
    public static IDisposable? Begin(ILogger log, string gid, string? traceParent)
    {
        ArgumentNullException.ThrowIfNull(log);
        return log.BeginScope(new LogScope(
            gid, DtmTracing.ContextOf(traceParent, null) is { TraceId: var id } context && context != default
                ? id.ToHexString()
                : null));
    }

    /// <summary>Begins the scope of the transaction stored by <see cref="Note"/>; null = none.</summary>
    public static IDisposable? Begin(ILogger log, Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        return exception.Data[GidKey] is string gid ? Begin(log, gid, null) : null;
    }

    /// <summary>Stores the transaction in the exception. Used as an exception filter; always returns false.</summary>
    public static bool Note(Exception exception, string? gid)
    {
        ArgumentNullException.ThrowIfNull(exception);
        if (gid is not null)
        {
            exception.Data[GidKey] = Service.RequestValidator.Printable(gid);
        }

        return false;
    }

    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator() =>
        ((IEnumerable<KeyValuePair<string, object?>>)_values).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Returns the text for the console log.</summary>
    public override string ToString() => string.Join(' ', _values.Select(static value => $"{value.Key}:{value.Value}"));
}
