using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace OrleansDtm.Client.AspNetCore;

/// <summary>Maps branches as endpoints.</summary>
public static class BranchEndpoints
{
    private static readonly HttpMethodMetadata GetAndPost = new([HttpMethods.Get, HttpMethods.Post]);

    /// <summary>
    /// Maps a branch: an action, compensation, try, confirm or cancel. The handler is that of a minimal API and may
    /// take the <see cref="BranchContext"/>. If it takes the <see cref="LocalTransaction"/> it runs with a barrier,
    /// once, in a transaction that is committed on success; so it does if it takes a DbContext and
    /// AddDbContextBarriers (package OrleansDtm.Client.EntityFrameworkCore) was called. Returning is success, unless
    /// the handler sets or returns a status other than 200 (409 and 425 have their meaning, <see cref="BranchOutcome"/>
    /// too).
    /// <see cref="BranchFailureException"/> is 409 FAILURE, <see cref="BranchOngoingException"/> 425 ONGOING. Other
    /// exceptions are handled by the application, and the coordinator repeats the call.
    /// </summary>
    /// <param name="routes">The endpoints.</param>
    /// <param name="pattern">The path.</param>
    /// <param name="handler">The handler.</param>
    /// <exception cref="InvalidOperationException">AddBranches was not called, or the handler takes several local
    /// transactions.</exception>
    public static RouteHandlerBuilder MapBranch(
        this IEndpointRouteBuilder routes, [StringSyntax("Route")] string pattern, Delegate handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        // Not metadata of the endpoint, which would hide that of its group.
        return MapGuarded(routes, pattern, handler, static (http, next) => next(http)).AddEndpointFilter(
            new BranchFilter(NeededBy(routes, handler)));
    }

    /// <summary>The barrier that the parameters of a handler need; null = none.</summary>
    private static BarrierMetadata? NeededBy(IEndpointRouteBuilder routes, Delegate handler)
    {
        var types = handler.Method.GetParameters().Select(static parameter => parameter.ParameterType).ToArray();
        var barriers = routes.ServiceProvider.GetServices<IContextBarrier>();
        var contexts = types.Where(type => barriers.Any(barrier => barrier.Handles(type))).ToArray();
        var isLocal = types.Contains(typeof(LocalTransaction));
        if (contexts.Length + (isLocal ? 1 : 0) > 1)
        {
            throw new InvalidOperationException(
                "A branch has one local transaction: its handler can take the LocalTransaction or one context, not "
                + $"{string.Join(" and ", contexts.Select(static c => c.Name))}{(isLocal ? " and it" : "")}.");
        }

        return isLocal ? BarrierMetadata.Default
            : contexts is [var context] ? BarrierMetadata.Default with { Context = context }
            : null;
    }

    /// <summary>
    /// Runs the branch with a barrier, for handlers that do not take the <see cref="LocalTransaction"/>, or with
    /// another database.
    /// </summary>
    /// <param name="branch">Mapped by <see cref="MapBranch"/>.</param>
    /// <param name="database">Returns a new connection, disposed after the call. Null = that of the
    /// application.</param>
    /// <param name="isolation">Unspecified (default) = the database's default.</param>
    public static TBuilder WithBarrier<TBuilder>(
        this TBuilder branch, Func<IServiceProvider, DbConnection>? database = null,
        IsolationLevel isolation = IsolationLevel.Unspecified)
        where TBuilder : IEndpointConventionBuilder => branch.WithMetadata(new BarrierMetadata(database, isolation));

    /// <summary>
    /// Runs the branch with a barrier in a transaction of this context, or lets MapQueryPrepared use its database. A
    /// handler of <see cref="MapBranch"/> that takes the context needs it only for another isolation level.
    /// </summary>
    /// <param name="branch">Mapped by <see cref="MapBranch"/> or <see cref="MapQueryPrepared"/>.</param>
    /// <param name="isolation">Unspecified (default) = the database's default.</param>
    /// <typeparam name="TContext">A registered context; AddDbContextBarriers must have been called.</typeparam>
    public static RouteHandlerBuilder WithDbContext<TContext>(
        this RouteHandlerBuilder branch, IsolationLevel isolation = IsolationLevel.Unspecified)
        where TContext : class => branch.WithMetadata(new BarrierMetadata(null, isolation, typeof(TContext)));

    /// <summary>
    /// Maps query_prepared of messages: 200 = the local transaction has committed, 409 = it never will, 425 = it is
    /// running. The database is the application's unless WithBarrier sets another.
    /// </summary>
    /// <param name="routes">The endpoints.</param>
    /// <param name="pattern">The path, as given to <see cref="Msg.PrepareAsync"/>.</param>
    /// <exception cref="InvalidOperationException">AddBranches was not called.</exception>
    public static RouteHandlerBuilder MapQueryPrepared(
        this IEndpointRouteBuilder routes, [StringSyntax("Route")] string pattern) =>
        MapGuarded(routes, pattern, static () => { }, static async (http, _) =>
        {
            var outcome = await BranchCall.QueryPreparedAsync(http, Barrier(http));
            await BranchAnswer.Of(outcome).WriteAsync(http);
        });

    /// <summary>
    /// Maps an XA branch. The first call runs the handler, whose <see cref="LocalTransaction"/> is then registered and
    /// prepared; commit and rollback use the same URL and run no handler. MySQL, MariaDB and PostgreSQL.
    /// </summary>
    /// <param name="routes">The endpoints.</param>
    /// <param name="pattern">The path, as given to <see cref="Xa.CallBranchAsync"/>.</param>
    /// <param name="handler">The handler, as in <see cref="MapBranch"/>.</param>
    /// <exception cref="InvalidOperationException">AddBranches was not called.</exception>
    public static RouteHandlerBuilder MapXaBranch(
        this IEndpointRouteBuilder routes, [StringSyntax("Route")] string pattern, Delegate handler) =>
        MapGuarded(routes, pattern, handler, XaCall.RunAsync).AddEndpointFilter<RouteHandlerBuilder, XaFilter>();

    internal static BarrierMetadata Barrier(HttpContext http) =>
        http.GetEndpoint()?.Metadata.GetMetadata<BarrierMetadata>() ?? BarrierMetadata.Default;

    /// <summary>
    /// Wraps the handler and its parameter binding: refuses calls without identity, and converts exceptions to
    /// responses.
    /// </summary>
    private static RouteHandlerBuilder MapGuarded(
        IEndpointRouteBuilder routes, string pattern, Delegate handler, Func<HttpContext, RequestDelegate, Task> around)
    {
        ArgumentNullException.ThrowIfNull(routes);
        ArgumentNullException.ThrowIfNull(handler);
        if (routes.ServiceProvider.GetService<IServiceProviderIsService>()?.IsService(typeof(LocalTransaction))
            == false)
        {
            throw new InvalidOperationException("Call services.AddBranches() first.");
        }

        // Mapped for all methods, because a GET handler cannot bind a body; the coordinator uses GET only without a
        // payload.
        var builder = routes.Map(pattern, handler).WithMetadata(GetAndPost);
        builder.Add(endpoint =>
        {
            var next = endpoint.RequestDelegate!;
            endpoint.RequestDelegate = http => GuardAsync(http, next, around);
        });
        return builder;
    }

    private static async Task GuardAsync(
        HttpContext http, RequestDelegate next, Func<HttpContext, RequestDelegate, Task> around)
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
