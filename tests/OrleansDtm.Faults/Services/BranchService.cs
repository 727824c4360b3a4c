using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansDtm.Faults.Histories;
using OrleansDtm.Faults.Load;
using OrleansDtm.Protocol;

namespace OrleansDtm.Faults.Services;

/// <summary>
/// All branches of all transactions, over HTTP and gRPC. Follows the transaction's plan and records each call and
/// response.
/// </summary>
/// <param name="history">The history that receives its events.</param>
/// <param name="silos">Returns the silo at an address; empty = unknown.</param>
internal sealed class BranchService(History history, Func<IPAddress?, string> silos) : IAsyncDisposable
{
    private static readonly TimeSpan SlowMax = TimeSpan.FromSeconds(0.6);
    private static readonly TimeSpan TooLate = TimeSpan.FromSeconds(1.5);

    private readonly ConcurrentDictionary<string, Affair> _affairs = new(StringComparer.Ordinal);
    private WebApplication? _app;

    /// <summary>Starts to serve a transaction.</summary>
    public void Add(Affair affair) => _affairs[affair.Plan.Gid] = affair;

    public Affair this[string gid] => _affairs[gid];

    public IReadOnlyCollection<Affair> Affairs => (IReadOnlyCollection<Affair>)_affairs.Values;

    public async Task Start(BranchAddress address)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPEndPoint.Parse(address.Http), static o => o.Protocols = HttpProtocols.Http1);
            kestrel.Listen(IPEndPoint.Parse(address.Grpc), static o => o.Protocols = HttpProtocols.Http2);
        });
        builder.Services.Configure<Microsoft.Extensions.Hosting.HostOptions>(
            static o => o.ShutdownTimeout = TimeSpan.Zero);
        _app = builder.Build();
        _app.Run(Handle);
        await _app.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.DisposeAsync();
        }
    }

    /// <summary>
    /// Runs a call of the submitter itself, without a network: the try of a tcc, the first phase of an xa, a step of a
    /// workflow.
    /// </summary>
    public async Task<Answer> Try(Affair affair, string name)
    {
        var call = history.NextNumber();
        history.Add(affair.Plan.Gid, new Served(call, name, "", "", "client"));
        var (answer, did) = await Carry(affair, name, affair.Next(name), CancellationToken.None);
        history.Add(affair.Plan.Gid, new Replied(call, name, answer, did));
        return answer;
    }

    private async Task Handle(HttpContext context)
    {
        using var body = new StreamReader(context.Request.Body);
        await body.ReadToEndAsync(context.RequestAborted);
        var grpc = context.Request.Protocol == "HTTP/2";
        string Said(string query, string metadata) =>
            (grpc ? context.Request.Headers[metadata].ToString() : context.Request.Query[query].ToString()) ?? "";
        var (gid, id, op) = (Said("gid", BranchMetadata.Gid), Said("branch_id", BranchMetadata.BranchId), Said(
            "op", BranchMetadata.Op));
        var name = context.Request.Path.Value![(context.Request.Path.Value!.LastIndexOf('/') + 1)..];
        if (name[0] == 'x')
        {
            name = (op == "commit" ? "f" : "b") + name[1..];
        }

        var call = history.NextNumber();
        history.Add(gid, new Served(call, name, id, op, silos(context.Connection.RemoteIpAddress)));
        if (!_affairs.TryGetValue(gid, out var affair))
        {
            throw new InvalidOperationException($"{name} of {gid}, which is unknown");
        }

        Answer answer;
        string did;
        try
        {
            (answer, did) = await Carry(affair, name, affair.Next(name), context.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            (answer, did) = (Answer.None, "the caller has gone");
        }

        // Recorded before the response is sent, because its consequences must come later in the history.
        history.Add(gid, new Replied(call, name, answer, did));
        await (grpc ? SendGrpc(context, answer) : SendHttp(context, answer, did));
    }

    private static async Task<(Answer Answer, string Did)> Carry(
        Affair affair, string name, Fate fate, CancellationToken gone)
    {
        var timeout = TimeSpan.FromSeconds(affair.Plan.RequestTimeout);
        switch (fate)
        {
            case Fate.Error:
                return (Answer.Error, "does nothing");
            case Fate.Ongoing:
                return (Answer.Ongoing, "is not done yet");
            case Fate.Refused:
                return (Answer.Failure, "refuses");
            case Fate.RefusedInBody:
                return (Answer.Failure, "refuses in the body");
            case Fate.Reset:
                return (Answer.None, "resets the connection");
            case Fate.Hangs:
                await Task.Delay(TimeSpan.FromSeconds(20), gone);
                return (Answer.None, "hung");
            case Fate.LateArrival:
                await Task.Delay(timeout + TooLate, CancellationToken.None);
                break;
        }

        var (answer, did) = await Do(affair, name);
        switch (fate)
        {
            case Fate.Slow:
                await Task.Delay(SlowMax, CancellationToken.None);
                break;
            case Fate.LateAnswer:
                await Task.Delay(timeout + TooLate, CancellationToken.None);
                break;
            case Fate.Twice:
                (answer, _) = await Do(affair, name);
                did += ", and once more";
                break;
            case Fate.DoneButError:
                return (Answer.Error, did);
            case Fate.LostAnswer:
                return (Answer.None, did + ", and resets the connection");
        }

        return (
            fate is Fate.LateAnswer or Fate.LateArrival && gone.IsCancellationRequested ? Answer.None : answer, did);
    }

    private static async Task<(Answer Answer, string Did)> Do(Affair affair, string name)
    {
        if (name != "q")
        {
            return (Answer.Success, affair.Do(name));
        }

        if (affair.Plan.Type == "workflow")
        {
            return await affair.Resume()
                ? (Answer.Success, "the workflow has ended")
                : (Answer.Error, "the workflow stopped again");
        }

        return await affair.Local.WasMeant() ? (Answer.Success, "says yes") : (Answer.Failure, "says no");
    }

    private static async Task SendHttp(HttpContext context, Answer answer, string did)
    {
        if (answer == Answer.None)
        {
            context.Abort();
            return;
        }

        context.Response.StatusCode = answer switch
        {
            Answer.Failure when did.EndsWith("body", StringComparison.Ordinal) => 200,
            Answer.Failure => 409,
            Answer.Ongoing => 425,
            Answer.Error => 500,
            _ => 200,
        };
        await context.Response.WriteAsync(answer switch
        {
            Answer.Failure => "{\"dtm_result\":\"FAILURE\"}",
            Answer.Ongoing => "{\"dtm_result\":\"ONGOING\"}",
            Answer.Error => "no",
            _ => "{\"dtm_result\":\"SUCCESS\"}",
        });
    }

    /// <summary>Sends an empty message and trailers. That suffices, because no caller reads the message.</summary>
    private static async Task SendGrpc(HttpContext context, Answer answer)
    {
        if (answer == Answer.None)
        {
            context.Abort();
            return;
        }

        context.Response.ContentType = "application/grpc";
        if (answer == Answer.Success)
        {
            await context.Response.BodyWriter.WriteAsync(new byte[5]);
        }

        // The numbers of Aborted, FailedPrecondition and Internal.
        context.Response.AppendTrailer("grpc-status", answer switch
        {
            Answer.Failure => "10",
            Answer.Ongoing => "9",
            Answer.Error => "13",
            _ => "0",
        });
        context.Response.AppendTrailer("grpc-message", answer.ToString());
    }
}
