using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.DatabaseTests.Databases.Soak;

/// <summary>The outcome of a request.</summary>
public enum SoakAnswer
{
    /// <summary>200.</summary>
    Ok,

    /// <summary>409.</summary>
    Refused,

    /// <summary>425.</summary>
    Ongoing,

    /// <summary>503: the outcome is unknown.</summary>
    Unavailable,

    /// <summary>The coordinator was killed during the request: the outcome is unknown.</summary>
    None,
}

public sealed record SoakReply(SoakAnswer Kind, string Message)
{
    /// <summary>True if only another request can tell the outcome.</summary>
    public bool IsUnknown => Kind is SoakAnswer.Unavailable or SoakAnswer.None;

    /// <summary>
    /// The status in DTM's response to a request that came too late: <c>current status 'succeed', ...</c>; null = none.
    /// </summary>
    public string? CurrentStatus
    {
        get
        {
            const string Before = "current status '";
            var at = Message.IndexOf(Before, StringComparison.Ordinal);
            return at < 0 ? null : Message[(at + Before.Length)..].Split('\'')[0];
        }
    }
}

/// <summary>The coordinator's process with its API. An undocumented response is a violation.</summary>
public sealed class SoakCoordinator : IAsyncDisposable
{
    /// <summary>The maximum duration of a request, whatever the database does.</summary>
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(60);

    private readonly SoakLedger _ledger;
    private readonly ServerProcess _server;
    private readonly HttpClient _http = new() { Timeout = AnswerLimit };
    private readonly CancellationTokenSource _closing = new();
    private readonly ConcurrentDictionary<string, int> _answers = new(StringComparer.Ordinal);
    private readonly Task _watch;
    private int _ends;
    private volatile bool _isDown;
    private long _longestAnswer;
    private int _lateCommits;

    private SoakCoordinator(SoakLedger ledger, ServerProcess server)
    {
        _ledger = ledger;
        _server = server;
        _server.Wrote = Read;
        _watch = Watch();
    }

    /// <summary>The resident set in MiB, measured every second.</summary>
    public long Memory { get; private set; }

    /// <summary>The maximum of <see cref="Memory"/>.</summary>
    public long MemoryMax { get; private set; }

    public TimeSpan LongestAnswer => TimeSpan.FromTicks(Interlocked.Read(ref _longestAnswer));

    /// <summary>The number of responses of each kind.</summary>
    public string Answers => string.Join(
        ", ", _answers.OrderBy(static a => a.Key, StringComparer.Ordinal).Select(static a => $"{a.Key} {a.Value}"));

    /// <summary>
    /// The number of writes that lost to an earlier one that had timed out: the database committed that one after a
    /// pause, and the version detected it.
    /// </summary>
    public int LateCommits => Volatile.Read(ref _lateCommits);

    public string Tail => _server.Tail;

    public static async Task<SoakCoordinator> Start(
        SoakLedger ledger, string driver, string connectionString, CancellationToken cancel) => new(
        ledger,
        await ServerProcess.Start(
            cancel,
            ("STORE_DRIVER", driver),
            ("STORE_CONNECTION_STRING", connectionString),
            ("STORE_PATH", ""),
            ("RETRY_INTERVAL", "0.5"),
            ("RETRY_INTERVAL_MAX", "5"),
            ("REQUEST_TIMEOUT", "2")));

    public async Task Kill(CancellationToken cancel)
    {
        _isDown = true;
        Interlocked.Increment(ref _ends);
        await _server.Kill(cancel);
    }

    public Task Pause(CancellationToken cancel) => _server.Pause(cancel);

    public Task Resume(CancellationToken cancel) => _server.Resume(cancel);

    /// <summary>Sends SIGTERM. The process must exit in time.</summary>
    public async Task Terminate(CancellationToken cancel)
    {
        _isDown = true;
        Interlocked.Increment(ref _ends);
        var code = await _server.Terminate(AnswerLimit, cancel);
        if (code != 0)
        {
            _ledger.Violate($"the coordinator exited with {code} after SIGTERM");
        }
    }

    public async Task Restart(CancellationToken cancel)
    {
        await _server.Restart(cancel);
        _isDown = false;
    }

    /// <param name="api">submit, prepare, ...</param>
    /// <param name="body">The body, as an SDK sends it.</param>
    /// <param name="cancel">Cancels the request without a violation.</param>
    public async Task<SoakReply> Post(string api, JsonObject body, CancellationToken cancel)
    {
        var ends = Volatile.Read(ref _ends);
        var wasDown = _isDown;
        var clock = Stopwatch.StartNew();
        try
        {
            using var content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
            using var answer = await _http.PostAsync(new Uri($"{_server.Url}/api/dtmsvr/{api}"), content, cancel);
            var reply = Judge(
                api,
                (int)answer.StatusCode,
                answer.Headers.RetryAfter?.Delta,
                await answer.Content.ReadAsStringAsync(cancel));
            Longest(clock.Elapsed);
            return reply;
        }
        catch (Exception e) when (e is HttpRequestException or IOException
            || (e is TaskCanceledException && !cancel.IsCancellationRequested))
        {
            if (!wasDown && !_isDown && ends == Volatile.Read(ref _ends))
            {
                _ledger.Violate($"{api} was not answered within {clock.Elapsed.TotalSeconds:F1} s, though the "
                    + $"coordinator lived: {e.Message}");
            }

            _answers.AddOrUpdate("none", 1, static (_, n) => n + 1);
            return new SoakReply(SoakAnswer.None, e.Message);
        }
    }

    /// <returns>The status; <c>none</c> = the transaction does not exist; null = unknown at the moment.</returns>
    public async Task<string?> Status(string gid, CancellationToken cancel)
    {
        using var answer = await _http.GetAsync(new Uri($"{_server.Url}/api/dtmsvr/query?gid={gid}"), cancel);
        var text = await answer.Content.ReadAsStringAsync(cancel);
        if ((int)answer.StatusCode == 503)
        {
            return null;
        }

        Assert.True((int)answer.StatusCode == 200, $"query answered {(int)answer.StatusCode}: {text}");
        return (string?)JsonNode.Parse(text)!["transaction"]?["status"] ?? "none";
    }

    /// <summary>Returns the number of transactions with this status, at most 100.</summary>
    public async Task<int> Count(string status, CancellationToken cancel)
    {
        var text = await _http.GetStringAsync(
            new Uri($"{_server.Url}/api/dtmsvr/all?status={status}&limit=100"), cancel);
        return JsonNode.Parse(text)!["transactions"]?.AsArray().Count ?? 0;
    }

    public async ValueTask DisposeAsync()
    {
        _isDown = true;
        await _closing.CancelAsync();
        await _watch;
        await _server.DisposeAsync();
        _http.Dispose();
        _closing.Dispose();
    }

    private SoakReply Judge(string api, int status, TimeSpan? retryAfter, string text)
    {
        _answers.AddOrUpdate(status.ToString(CultureInfo.InvariantCulture), 1, static (_, n) => n + 1);
        var answer = new Answer(status, text);
        var (kind, result) = status switch
        {
            200 => (SoakAnswer.Ok, "SUCCESS"),
            409 => (SoakAnswer.Refused, "FAILURE"),
            425 => (SoakAnswer.Ongoing, "ONGOING"),
            503 => (SoakAnswer.Unavailable, "UNAVAILABLE"),
            _ => (SoakAnswer.None, ""),
        };
        if (answer.Result != result || result.Length == 0)
        {
            _ledger.Violate($"{api} answered {status}: {text}");
        }

        if (status == 503 && (retryAfter is not { } wait
            || wait <= TimeSpan.Zero
            || text.Contains("FAILURE", StringComparison.Ordinal)))
        {
            _ledger.Violate($"{api} answered 503 with Retry-After {retryAfter?.ToString() ?? "missing"}: {text}");
        }

        return new SoakReply(kind, answer.Message);
    }

    private void Longest(TimeSpan took)
    {
        long before;
        while ((before = Interlocked.Read(ref _longestAnswer)) < took.Ticks)
        {
            Interlocked.CompareExchange(ref _longestAnswer, took.Ticks, before);
        }
    }

    /// <summary>Checks the log for messages that must not appear, whatever the database does.</summary>
    private void Read(string line)
    {
        if (line.Contains("unexpected failure", StringComparison.Ordinal)
            || line.Contains("The database refused", StringComparison.Ordinal)
            || line.Contains("Unhandled exception", StringComparison.Ordinal))
        {
            _ledger.Violate($"its log says: {line}\n{Tail}");
        }
        else if (line.Contains("has written meanwhile", StringComparison.Ordinal))
        {
            Interlocked.Increment(ref _lateCommits);
        }
    }

    private async Task Watch()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        try
        {
            while (await timer.WaitForNextTickAsync(_closing.Token))
            {
                if (_isDown)
                {
                    continue;
                }

                if (_server.HasExited && !_isDown)
                {
                    _ledger.Violate($"the coordinator died by itself:\n{Tail}");
                    return;
                }

                Memory = ReadMemory();
                MemoryMax = Math.Max(MemoryMax, Memory);
            }
        }
        catch (OperationCanceledException)
        {
            // The watch was stopped.
        }
    }

    private long ReadMemory()
    {
        try
        {
            var line = File.ReadLines($"/proc/{_server.Id}/status").First(
                static l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
            return long.Parse(
                line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            return 0; // The process was just killed.
        }
    }
}
