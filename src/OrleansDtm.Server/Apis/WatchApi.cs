using OrleansDtm.Grains.Service;
using OrleansDtm.Grains.Watching;
using OrleansDtm.Protocol;
using OrleansDtm.Server.Apis.Docs;
using OrleansDtm.Server.OpenApi;
using OrleansDtm.Server.Security.Access;

namespace OrleansDtm.Server.Apis;

/// <summary>Waits for the end of a transaction, and the stream of changes. Not in DTM.</summary>
internal static class WatchApi
{
    /// <summary>The longest wait in seconds; a caller asks again after it.</summary>
    public const int WaitSecondsMax = 300;

    public const int WaitSecondsDefault = 30;

    public static void MapWatchApi(this IEndpointRouteBuilder routes, string prefix)
    {
        var transactions = routes.ServiceProvider.GetRequiredService<TransactionService>();
        var events = routes.ServiceProvider.GetRequiredService<EventStreams>();
        routes.MapGet($"{prefix}/wait", context => Wait(context, transactions))
            .RequireRole(RoleNames.Read)
            .Describe(WatchDocs.Wait);
        routes.MapGet($"{prefix}/events", events.Serve).RequireRole(RoleNames.Read).Describe(WatchDocs.Events);
    }

    /// <summary>Cancelled when the caller leaves or the server stops.</summary>
    public static CancellationTokenSource Leaving(HttpContext context) =>
        CancellationTokenSource.CreateLinkedTokenSource(
            context.RequestAborted,
            context.RequestServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping);

    /// <exception cref="RequestException">A parameter is invalid.</exception>
    private static async Task Wait(HttpContext context, TransactionService transactions)
    {
        var seconds = ListQuery.Whole(
            "timeout", context.Request.Query["timeout"], WaitSecondsDefault, 0, WaitSecondsMax);
        using var leaving = Leaving(context);
        try
        {
            var (result, stored) = await transactions.WaitForEnd(
                RequestNamespace.Of(context),
                context.Request.Query["gid"],
                TimeSpan.FromSeconds(seconds),
                leaving.Token);
            await (result switch
            {
                EndWait.NotFound => HttpAnswers.Result(
                    context, StatusCodes.Status404NotFound, ResultWords.Failure, "no such gid"),
                EndWait.TooMany => HttpAnswers.Unavailable(
                    context, "too many requests wait for the end of transactions"),
                _ => Show(),
            });

            Task Show()
            {
                var secrets = Caller.Has(context, Role.Admin);
                return HttpAnswers.Show(
                    context,
                    transactions.Show(stored!, secrets),
                    ProtocolJson.Readable.QueryView,
                    secrets,
                    result == EndWait.Ended ? StatusCodes.Status200OK : ResultWords.OngoingStatus);
            }
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            await HttpAnswers.Unavailable(context, "the coordinator is stopping");
        }
    }
}
