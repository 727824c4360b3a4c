using System.Net;

namespace OrleansDtm.Samples.QuickStart;

/// <summary>What a step of the saga carries.</summary>
internal sealed record Transfer(long Amount);

/// <summary>
/// The service the coordinator calls. Its answers are the whole contract: 200 = done, 409 = cannot be done, roll back; anything else
/// would be retried.
/// </summary>
internal sealed class BranchService : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Bank _bank;
    private readonly Narrator _narrator;

    private BranchService(WebApplication app, Bank bank, Narrator narrator)
    {
        _app = app;
        _bank = bank;
        _narrator = narrator;
    }

    /// <summary>On a free loopback port.</summary>
    public Uri Url => new(_app.Urls.First());

    /// <summary>Signals Ctrl-C: the host takes it over from the process.</summary>
    public CancellationToken Stopping => _app.Lifetime.ApplicationStopping;

    public static async Task<BranchService> Start(Bank bank, Narrator narrator)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var service = new BranchService(builder.Build(), bank, narrator);
        service._app.MapPost("/TransOut", (HttpRequest request, Transfer transfer) => service.Do(request, "A", -transfer.Amount));
        service._app.MapPost("/TransOutCompensate", (HttpRequest request, Transfer transfer) => service.Undo(request, "A", -transfer.Amount));
        service._app.MapPost("/TransIn", (HttpRequest request, Transfer transfer) => service.Do(request, "B", transfer.Amount));
        service._app.MapPost("/TransInCompensate", (HttpRequest request, Transfer transfer) => service.Undo(request, "B", transfer.Amount));
        await service._app.StartAsync();
        return service;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private IResult Do(HttpRequest request, string account, long amount)
    {
        var call = CallOf(request);
        return Answer(request, call, account, amount, _bank.Do(call, account, amount));
    }

    private IResult Undo(HttpRequest request, string account, long amount)
    {
        var call = CallOf(request);
        return Answer(request, call, account, -amount, _bank.Undo(call, account, amount));
    }

    private IResult Answer(HttpRequest request, Call call, string account, long change, Effect effect)
    {
        var status = effect == Effect.Refused ? StatusCodes.Status409Conflict : StatusCodes.Status200OK;
        _narrator.Called(call, request.Path.Value!, status, Narrator.Words(effect, account, change, _bank.Balance(account)));
        return Results.Json(new { dtm_result = effect == Effect.Refused ? "FAILURE" : "SUCCESS" }, statusCode: status);
    }

    /// <summary>The coordinator adds the identity of the call to the query of every URL.</summary>
    private static Call CallOf(HttpRequest request) =>
        new(request.Query["gid"].ToString(), request.Query["branch_id"].ToString(), request.Query["op"].ToString());
}
