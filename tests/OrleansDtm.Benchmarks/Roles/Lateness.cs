using System.Buffers;
using System.Buffers.Text;

namespace OrleansDtm.Benchmarks.Roles;

/// <summary>The milliseconds from the due times to the calls.</summary>
/// <param name="Count">The number of calls.</param>
/// <param name="LastAt">The time of the last call, in milliseconds since 1970.</param>
internal sealed record LatenessReport(int Count, double P50, double P99, double Max, long LastAt);

/// <summary>
/// The lateness of messages at the branch service. Their payload has the due time: <c>{"due":milliseconds}</c>.
/// </summary>
internal static class Lateness
{
    private static readonly Lock Gate = new();
    private static readonly List<double> Late = [];
    private static long _lastAt;

    public static int Count
    {
        get
        {
            lock (Gate)
            {
                return Late.Count;
            }
        }
    }

    public static async Task Add(HttpRequest request)
    {
        var now = DateTimeOffset.UtcNow;
        while (true)
        {
            var read = await request.BodyReader.ReadAsync();
            if (read.IsCompleted)
            {
                var body = read.Buffer.ToArray();
                request.BodyReader.AdvanceTo(read.Buffer.End);
                var at = body.AsSpan().IndexOf(":"u8) + 1;
                if (!Utf8Parser.TryParse(body.AsSpan(at), out long due, out _))
                {
                    throw new InvalidDataException("a payload without its due moment");
                }

                lock (Gate)
                {
                    Late.Add((now - DateTimeOffset.FromUnixTimeMilliseconds(due)).TotalMilliseconds);
                    _lastAt = now.ToUnixTimeMilliseconds();
                }

                return;
            }

            request.BodyReader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    /// <summary>Returns and removes the lateness of all calls so far.</summary>
    public static LatenessReport Take()
    {
        lock (Gate)
        {
            var sorted = Late.Order().ToArray();
            var report = sorted.Length == 0
                ? new LatenessReport(0, 0, 0, 0, 0)
                : new LatenessReport(
                    sorted.Length,
                    Load.Latencies.Percentile(sorted, 0.5),
                    Load.Latencies.Percentile(sorted, 0.99),
                    sorted[^1],
                    _lastAt);
            Late.Clear();
            return report;
        }
    }
}
