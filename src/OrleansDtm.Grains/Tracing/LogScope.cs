using System.Collections;
using Microsoft.Extensions.Logging;

namespace OrleansDtm.Grains.Tracing;

/// <summary>Which transaction, and which trace, the log lines within are about. Made only when there is something to log.</summary>
public sealed class LogScope : IReadOnlyList<KeyValuePair<string, object?>>
{
    private const string GidKey = "OrleansDtm.Gid";

    private readonly KeyValuePair<string, object?>[] _values;

    private LogScope(string gid, string? trace) => _values = trace is null
        ? [new("gid", gid)]
        : [new("gid", gid), new("trace_id", trace)];

    public int Count => _values.Length;

    public KeyValuePair<string, object?> this[int index] => _values[index];

    /// <param name="log">Where the lines go.</param>
    /// <param name="gid">The transaction.</param>
    /// <param name="traceParent">Its traceparent; null = it belongs to no trace.</param>
    public static IDisposable? Begin(ILogger log, string gid, string? traceParent)
    {
        ArgumentNullException.ThrowIfNull(log);
        return log.BeginScope(new LogScope(gid, DtmTracing.ContextOf(traceParent, null) is { TraceId: var id } context && context != default ? id.ToHexString() : null));
    }

    /// <summary>Begins the scope of the transaction that <see cref="Note"/> has noted; null = none was.</summary>
    public static IDisposable? Begin(ILogger log, Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        return exception.Data[GidKey] is string gid ? Begin(log, gid, null) : null;
    }

    /// <summary>For an exception filter: remembers whom the request was about, and catches nothing.</summary>
    public static bool Note(Exception exception, string? gid)
    {
        ArgumentNullException.ThrowIfNull(exception);
        if (gid is not null)
        {
            exception.Data[GidKey] = Service.RequestValidator.Printable(gid);
        }

        return false;
    }

    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator() => ((IEnumerable<KeyValuePair<string, object?>>)_values).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>As the text console shows it.</summary>
    public override string ToString() => string.Join(' ', _values.Select(static value => $"{value.Key}:{value.Value}"));
}
