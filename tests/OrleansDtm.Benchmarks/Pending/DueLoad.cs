using System.Diagnostics;
using System.Globalization;
using System.Text;
using OrleansDtm.Benchmarks.Load;
using OrleansDtm.Benchmarks.Roles;

namespace OrleansDtm.Benchmarks.Pending;

/// <summary>The measurements of due messages.</summary>
/// <param name="Count">The number of messages.</param>
/// <param name="AcceptedPerSecond">The rate of the submits before.</param>
/// <param name="Seconds">The time from the first due time to the last call.</param>
/// <param name="Lateness">The lateness at the branch service.</param>
internal sealed record DueResult(int Count, double AcceptedPerSecond, double Seconds, LatenessReport Lateness)
{
    public double CalledPerSecond => Lateness.Count / Seconds;
}

/// <summary>
/// Submits messages that become due while there is no other load, and waits until the branch service has received all
/// of them.
/// </summary>
internal sealed class DueLoad(Uri server, Uri branch) : IDisposable
{
    private const int Submitters = 64;

    /// <summary>
    /// A rate below that of every relevant machine. The first message must not be due before the last one is submitted.
    /// </summary>
    private const double SlowestSubmitsPerSecond = 1000;

    /// <summary>
    /// The coordinator keeps shorter delays in memory. With this one, the sweep must find each message.
    /// </summary>
    private static readonly TimeSpan Ahead = TimeSpan.FromSeconds(35);

    private static readonly TimeSpan Stuck = TimeSpan.FromSeconds(30);

    private readonly HttpMessageInvoker _http = HttpStack.Create();
    private readonly HttpClient _control = new() { Timeout = TimeSpan.FromSeconds(30) };

    public void Dispose()
    {
        _http.Dispose();
        _control.Dispose();
    }

    /// <param name="count">The number of messages.</param>
    /// <param name="spread">
    /// The interval over which the due times are spread evenly; zero = all at the same time.
    /// </param>
    /// <param name="stop">Cancels the measurement.</param>
    public async Task<DueResult> Measure(int count, TimeSpan spread, CancellationToken stop)
    {
        await Lateness(stop); // Drops the lateness of the previous row.
        var first = DateTimeOffset.UtcNow + Ahead + TimeSpan.FromSeconds(count / SlowestSubmitsPerSecond);
        var run = Guid.NewGuid().ToString("N")[..12];
        var next = -1;
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, Submitters).Select(_ => Task.Run(Submitter, stop)));
        var accepted = count / clock.Elapsed.TotalSeconds;
        if (DateTimeOffset.UtcNow + TimeSpan.FromSeconds(30) > first)
        {
            throw new InvalidOperationException(
                $"The server accepts only {accepted:N0} messages each second: too few for this measurement.");
        }

        var lateness = await UntilCalled(count, first + spread, stop);
        return new DueResult(count, accepted, (lateness.LastAt - first.ToUnixTimeMilliseconds()) / 1000.0, lateness);

        async Task Submitter()
        {
            for (int number; (number = Interlocked.Increment(ref next)) < count;)
            {
                await Submit($"due-{run}-{number:D8}", first + (spread * number / count), stop);
            }
        }
    }

    private async Task Submit(string gid, DateTimeOffset due, CancellationToken stop)
    {
        var delay = (due - DateTimeOffset.UtcNow).TotalSeconds.ToString("0.000", CultureInfo.InvariantCulture);
        var body = $$"""
            {"gid":"{{gid}}","trans_type":"msg","steps":[{"action":"{{branch}}due"}],
            "payloads":["{\"due\":{{due.ToUnixTimeMilliseconds()}}}"],"custom_data":"{\"delay\":{{delay}}}"}
            """;
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(server, "/api/dtmsvr/submit"))
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        using var response = await _http.SendAsync(request, stop);
        if (!response.IsSuccessStatusCode)
        {
            throw new InvalidOperationException(
                $"submit answered {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(stop)}");
        }
    }

    private async Task<LatenessReport> UntilCalled(int count, DateTimeOffset last, CancellationToken stop)
    {
        var (seen, moved) = (0L, Stopwatch.StartNew());
        while (true)
        {
            // The poll is cheap and rare, so it does not affect the measurement.
            var called = long.Parse(
                await _control.GetStringAsync(new Uri(branch, "/due-calls"), stop), CultureInfo.InvariantCulture);
            if (called >= count || (moved.Elapsed > Stuck && DateTimeOffset.UtcNow > last + Stuck))
            {
                return await Lateness(stop);
            }

            if (called > seen)
            {
                seen = called;
                moved.Restart();
            }

            await Task.Delay(500, stop);
        }
    }

    private async Task<LatenessReport> Lateness(CancellationToken stop) =>
        (await _control.GetFromJsonAsync<LatenessReport>(new Uri(branch, "/lateness"), stop))!;
}
