using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace OrleansDtm.Client.AspNetCore;

/// <summary>Branches of transactions as endpoints.</summary>
public static class BranchEndpoints
{
    private static readonly HttpMethodMetadata GetAndPost = new([HttpMethods.Get, HttpMethods.Post]);

    /// <summary>
    /// Maps a branch: an action, a compensation, a try, a confirm, a cancel. The handler is any of a minimal API, and may ask for the
    /// <see cref="BranchContext"/>. If it asks for the <see cref="LocalTransaction"/> it runs behind a barrier, once, in a transaction that is
    /// committed when it succeeds. Returning is success, unless the status it sets or returns is another than 200 (409 and 425 are what they
    /// mean, <see cref="BranchOutcome"/> too);
    /// <see cref="BranchFailureException"/> is 409 FAILURE, <see cref="BranchOngoingException"/> 425 ONGOING. Any other exception is left to
    /// the application, and the coordinator repeats the call.
    /// </summary>
    /// <param name="routes">Where to.</param>
    /// <param name="pattern">The path.</param>
    /// <param name="handler">The business.</param>
    /// <exception cref="InvalidOperationException">AddBranches has not been called.</exception>
    public static RouteHandlerBuilder MapBranch(this IEndpointRouteBuilder routes, [StringSyntax("Route")] string pattern, Delegate handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        // Not as metadata: that of the endpoint would hide what its group says about the barrier.
        var guarded = handler.Method.GetParameters().Any(static parameter => parameter.ParameterType == typeof(LocalTransaction));
        return MapGuarded(routes, pattern, handler, static (http, next) => next(http)).AddEndpointFilter(new BranchFilter(guarded));
    }

    /// <summary>Has the business of a branch run behind a barrier, for handlers that do not ask for the <see cref="LocalTransaction"/> themselves, or in a database of its own.</summary>
    /// <param name="branch">Mapped by <see cref="MapBranch"/>.</param>
    /// <param name="database">Gives a new connection, disposed of after the call. Null = that of the application.</param>
    /// <param name="isolation">Unspecified (default) = the database's.</param>
    public static TBuilder WithBarrier<TBuilder>(
        this TBuilder branch, Func<IServiceProvider, DbConnection>? database = null, IsolationLevel isolation = IsolationLevel.Unspecified)
        where TBuilder : IEndpointConventionBuilder => branch.WithMetadata(new BarrierMetadata(database, isolation));

    /// <summary>
    /// Maps the question whether a prepared message was meant: 200 = its local transaction has committed, 409 = it never will, 425 = it is
    /// under way. The database is the application's unless WithBarrier names another.
    /// </summary>
    /// <param name="routes">Where to.</param>
    /// <param name="pattern">The path, as given to <see cref="Msg.PrepareAsync"/>.</param>
    /// <exception cref="InvalidOperationException">AddBranches has not been called.</exception>
    public static RouteHandlerBuilder MapQueryPrepared(this IEndpointRouteBuilder routes, [StringSyntax("Route")] string pattern) =>
        MapGuarded(routes, pattern, static () => { }, static async (http, _) =>
        {
            await using var connection = BranchCall.Connect(http, Barrier(http));
            var outcome = await new BranchBarrier(BranchCall.Context(http), BranchCall.BarrierOptions(http))
                .QueryPreparedAsync(connection, http.RequestAborted);
            await BranchAnswer.Of(outcome).WriteAsync(http);
        });

    /// <summary>
    /// Maps a branch of an XA transaction: the first call runs the handler, whose <see cref="LocalTransaction"/> is then prepared and
    /// registered; commit and rollback come to the same URL and run no handler. MySQL, MariaDB and PostgreSQL.
    /// </summary>
    /// <param name="routes">Where to.</param>
    /// <param name="pattern">The path, as given to <see cref="Xa.CallBranchAsync"/>.</param>
    /// <param name="handler">The business, as in <see cref="MapBranch"/>.</param>
    /// <exception cref="InvalidOperationException">AddBranches has not been called.</exception>
    public static RouteHandlerBuilder MapXaBranch(this IEndpointRouteBuilder routes, [StringSyntax("Route")] string pattern, Delegate handler) =>
        MapGuarded(routes, pattern, handler, XaCall.RunAsync).AddEndpointFilter<RouteHandlerBuilder, XaFilter>();

    internal static BarrierMetadata Barrier(HttpContext http) => http.GetEndpoint()?.Metadata.GetMetadata<BarrierMetadata>() ?? BarrierMetadata.Default;

    /// <summary>
    /// Around the handler and the binding of its parameters: what has no identity is turned away, what is thrown becomes an answer.
    /// </summary>
    private static RouteHandlerBuilder MapGuarded(
        IEndpointRouteBuilder routes, string pattern, Delegate handler, Func<HttpContext, RequestDelegate, Task> around)
    {
        ArgumentNullException.ThrowIfNull(routes);
        ArgumentNullException.ThrowIfNull(handler);
        if (routes.ServiceProvider.GetService<IServiceProviderIsService>()?.IsService(typeof(LocalTransaction)) == false)
        {
            throw new InvalidOperationException("Call services.AddBranches() first.");
        }

        // Mapped without a method, because a handler of GET may not take its parameters from a body; the coordinator calls by GET only
        // where there is none.
        var builder = routes.Map(pattern, handler).WithMetadata(GetAndPost);
        builder.Add(endpoint =>
        {
            var next = endpoint.RequestDelegate!;
            endpoint.RequestDelegate = http => GuardAsync(http, next, around);
        });
        return builder;
    }

    private static async Task GuardAsync(HttpContext http, RequestDelegate next, Func<HttpContext, RequestDelegate, Task> around)
    {
        if (!BranchCall.TryContext(http, out _))
        {
            await BranchAnswer.NoIdentity.WriteAsync(http);
            return;
        }

        try
        {
            await around(http, next);
        }
        catch (DtmException e) when (!http.Response.HasStarted && BranchAnswer.Of(e) is not null)
        {
            await BranchAnswer.Of(e)!.WriteAsync(http);
        }
    }
}
