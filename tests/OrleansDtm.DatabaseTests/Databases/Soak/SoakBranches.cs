using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.DatabaseTests.Databases.Soak;

/// <summary>The branch service's response to all calls except probes.</summary>
public enum BranchMood
{
    Well,

    /// <summary>Some responses come after the timeout.</summary>
    Slow,

    /// <summary>502, without effect or with it.</summary>
    Failing,

    /// <summary>Accepts the call and never answers.</summary>
    Hanging,
}

/// <summary>The branch service over HTTP. Its moods are faults.</summary>
public sealed class SoakBranches : IAsyncDisposable
{
    public const string ProbePath = "/probe";

    private static readonly TimeSpan SlowestAnswer = TimeSpan.FromSeconds(3);

    private readonly SoakLedger _ledger;
    private readonly CancellationTokenSource _closing = new();
    private readonly WebApplication _app;
    private long _calls;

    private SoakBranches(SoakLedger ledger)
    {
        _ledger = ledger;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(static k => k.Listen(IPAddress.Loopback, 0));
        builder.Services.Configure<HostOptions>(static o => o.ShutdownTimeout = TimeSpan.FromSeconds(2));
        _app = builder.Build();
        _app.Run(Serve);
    }

    public string Url { get; private set; } = "";

    public BranchMood Mood { get; set; }

    public long Calls => Interlocked.Read(ref _calls);

    public static async Task<SoakBranches> Start(SoakLedger ledger)
    {
        var branches = new SoakBranches(ledger);
        await branches._app.StartAsync(TestContext.Current.CancellationToken);
        branches.Url = branches._app.Urls.Single();
        return branches;
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
            var body = await reader.ReadToEndAsync(gone.Token);
            Interlocked.Increment(ref _calls);
            var mood = context.Request.Path == ProbePath ? BranchMood.Well : Mood;
            var reply = mood == BranchMood.Failing && Random.Shared.Next(2) == 0
                ? new Reply(502)
                : _ledger.Answer(Query(context, "gid"), Query(context, "branch_id"), Query(context, "op"), body);
            switch (mood)
            {
                case BranchMood.Slow:
                    await Task.Delay(Random.Shared.NextDouble() * SlowestAnswer, TimeProvider.System, gone.Token);
                    break;
                case BranchMood.Failing:
                    reply = new Reply(502);
                    break;
                case BranchMood.Hanging:
                    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, gone.Token);
                    break;
            }

            if (reply.Drops)
            {
                context.Abort();
                return;
            }

            context.Response.StatusCode = reply.Status;
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(reply.Body, gone.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or BadHttpRequestException)
        {
            context.Abort(); // The caller's timeout is over, the caller was killed, or the test has ended.
        }
    }

    private static string Query(HttpContext context, string name) => context.Request.Query[name].ToString();
}
