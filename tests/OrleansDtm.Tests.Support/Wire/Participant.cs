using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Xunit;

namespace OrleansDtm.Tests.Support.Wire;

/// <summary>A branch service that answers as scripted and records every call.</summary>
public sealed class Participant : IAsyncDisposable
{
    private readonly object _lock = new();
    private readonly List<Call> _calls = [];
    private readonly List<(string Path, int Nth, TaskCompletionSource<Call> Came)> _waiting = [];
    private readonly Dictionary<string, Queue<Reply>> _scripts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _counts = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _closing = new();
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly Func<Call, Reply> _otherwise;
    private readonly WebApplication _app;

    private Participant(Func<Call, Reply>? otherwise)
    {
        _otherwise = otherwise ?? (static _ => Reply.Success);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(static k => k.Listen(IPAddress.Loopback, 0));
        builder.Services.Configure<HostOptions>(static o => o.ShutdownTimeout = TimeSpan.FromSeconds(2));
        _app = builder.Build();
        _app.Run(Serve);
    }

    public string Url { get; private set; } = "";

    /// <summary>The time by the clock that stamps the calls.</summary>
    public TimeSpan Now => _clock.Elapsed;

    /// <summary>Every call so far, in the order of arrival.</summary>
    public IReadOnlyList<Call> Calls
    {
        get
        {
            lock (_lock)
            {
                return [.. _calls];
            }
        }
    }

    /// <summary>The paths called so far, in order.</summary>
    public IEnumerable<string> Paths => Calls.Select(static c => c.Path);

    /// <param name="otherwise">Answers calls without a script; null = SUCCESS.</param>
    public static async Task<Participant> Start(Func<Call, Reply>? otherwise = null)
    {
        var participant = new Participant(otherwise);
        await participant._app.StartAsync(TestContext.Current.CancellationToken);
        participant.Url = participant._app.Urls.Single();
        return participant;
    }

    /// <summary>Sets the responses of a path, one for each call; the last one stays.</summary>
    public void On(string path, params Reply[] replies)
    {
        lock (_lock)
        {
            _scripts[path] = new Queue<Reply>(replies);
        }
    }

    public IReadOnlyList<Call> On(string path) => [.. Calls.Where(c => c.Path == path)];

    /// <summary>Waits for the nth call on a path.</summary>
    public async Task<Call> Called(string path, int nth = 1)
    {
        TaskCompletionSource<Call> came = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (_calls.Where(c => c.Path == path).Skip(nth - 1).FirstOrDefault() is { } call)
            {
                return call;
            }

            _waiting.Add((path, nth, came));
        }

        try
        {
            return await came.Task.WaitAsync(Poll.Patience, TestContext.Current.CancellationToken);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"call {nth} on {path} did not come; there were: {string.Join(", ", Paths)}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
        _closing.Dispose();
    }

    private async Task Serve(HttpContext context)
    {
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _closing.Token);
        try
        {
            using var reader = new StreamReader(context.Request.Body);
            var reply = Take(context.Request, await reader.ReadToEndAsync(gone.Token));
            if (reply.Gate is { } gate)
            {
                await gate.Opened.WaitAsync(gone.Token);
            }

            if (reply.Delay > TimeSpan.Zero)
            {
                await Poll.Settle(reply.Delay, gone.Token);
            }

            if (reply.Drops)
            {
                context.Abort();
                return;
            }

            context.Response.StatusCode = reply.Status;
            if (reply.Location is { } location)
            {
                context.Response.Headers.Location = location;
            }

            if (reply.RetryAfter is { } patience)
            {
                context.Response.Headers.RetryAfter = patience;
            }

            if (reply.Bytes is { } bytes)
            {
                await context.Response.Body.WriteAsync(bytes, gone.Token);
            }
            else if (reply.Body.Length > 0)
            {
                context.Response.ContentType = "application/json";
                await context.Response.WriteAsync(reply.Body, gone.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or BadHttpRequestException)
        {
            // The caller's timeout is over, the caller was killed, or the test has ended.
            context.Abort();
        }
    }

    private Reply Take(HttpRequest request, string body)
    {
        Call call;
        lock (_lock)
        {
            call = new Call(
                _calls.Count,
                _clock.Elapsed,
                request.Method,
                request.Path.Value ?? "",
                request.Query.ToDictionary(static q => q.Key, static q => q.Value.ToString(), StringComparer.Ordinal),
                request.Headers.ToDictionary(
                    static h => h.Key, static h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase),
                body);
            _calls.Add(call);
            var nth = _counts[call.Path] = _counts.GetValueOrDefault(call.Path) + 1;
            foreach (var (path, wanted, came) in _waiting)
            {
                if (path == call.Path && wanted == nth)
                {
                    came.TrySetResult(call);
                }
            }

            if (_scripts.TryGetValue(call.Path, out var script) && script.Count > 0)
            {
                return script.Count > 1 ? script.Dequeue() : script.Peek();
            }
        }

        return _otherwise(call);
    }
}
