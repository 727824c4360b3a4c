using System.Data.Common;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OrleansDtm.Protocol;

namespace OrleansDtm.Client.AspNetCore;

/// <summary>Common code of endpoints and controllers.</summary>
internal static class BranchCall
{
    /// <summary>The same object for the whole request: it counts the barriers.</summary>
    /// <exception cref="FormatException">The call has no complete identity.</exception>
    public static BranchContext Context(HttpContext http) =>
        TryContext(http, out var context) ? context! : BranchContext.Read(static _ => null);

    public static bool TryContext(HttpContext http, out BranchContext? context)
    {
        context = http.Features.Get<BranchContext>();
        if (context is null && BranchContext.TryRead(name => Last(http, name), out context))
        {
            http.Features.Set(context);
        }

        return context is not null;
    }

    /// <summary>
    /// The coordinator appends its parameters to the URL's query, so the last of duplicates is the coordinator's.
    /// </summary>
    private static string? Last(HttpContext http, string name)
    {
        var values = name == NamespaceHeader.Name ? http.Request.Headers[name] : http.Request.Query[name];
        return values.Count > 0 ? values[^1] : null;
    }

    public static BarrierOptions BarrierOptions(HttpContext http) =>
        http.RequestServices.GetRequiredService<IOptions<DtmOptions>>().Value.Barrier;

    public static DbConnection Connect(HttpContext http, BarrierMetadata barrier)
    {
        var services = http.RequestServices;
        var database = barrier.Database
            ?? services.GetRequiredService<IOptions<BranchEndpointOptions>>().Value.Database;
        return database?.Invoke(services)
            ?? services.GetService<DbDataSource>()?.CreateConnection()
            ?? throw new InvalidOperationException(
                "A barrier needs the database of the branch: set it in AddBranches or "
                + "WithBarrier, or register a DbDataSource.");
    }

    /// <summary>
    /// Runs the work with a barrier, in a local transaction that is rolled back unless the outcome is success.
    /// </summary>
    /// <returns>False = the barrier skipped it.</returns>
    public static async Task<bool> RunAsync(
        HttpContext http, BarrierMetadata barrier, Func<Task<BranchOutcome>> business)
    {
        if (Context(http).Op == BranchOps.Msg)
        {
            throw new InvalidOperationException( // Its row would be that of the local transaction in question.
                "This is a query_prepared call, which a branch with a barrier cannot answer. Map the URL with "
                + "MapQueryPrepared.");
        }

        var branch = new BranchBarrier(Context(http), BarrierOptions(http));
        try
        {
            return await (barrier.Context is { } type ? InContext(type) : InConnection()) == BarrierResult.Executed;
        }
        catch (RolledBack)
        {
            return true;
        }

        Task<BarrierResult> InContext(Type type) => ContextBarrier(http, type, out var context).CallAsync(
            branch, context, barrier.Isolation, Committing, http.RequestAborted);

        async Task<BarrierResult> InConnection()
        {
            await using var connection = Connect(http, barrier);
            var local = http.RequestServices.GetRequiredService<LocalTransaction>();
            return await branch.CallAsync(
                connection,
                barrier.Isolation,
                async transaction =>
                {
                    using (local.Begin(connection, transaction))
                    {
                        await Committing();
                    }
                },
                http.RequestAborted);
        }

        async Task Committing()
        {
            if (await business() != BranchOutcome.Success)
            {
                throw new RolledBack();
            }
        }
    }

    /// <summary>Tells whether the local transaction of a message has committed.</summary>
    public static async Task<BranchOutcome> QueryPreparedAsync(HttpContext http, BarrierMetadata barrier)
    {
        var branch = new BranchBarrier(Context(http), BarrierOptions(http));
        if (barrier.Context is { } type)
        {
            return await ContextBarrier(http, type, out var context).QueryPreparedAsync(
                branch, context, http.RequestAborted);
        }

        await using var connection = Connect(http, barrier);
        return await branch.QueryPreparedAsync(connection, http.RequestAborted);
    }

    private static IContextBarrier ContextBarrier(HttpContext http, Type type, out object context)
    {
        context = http.RequestServices.GetRequiredService(type);
        return http.RequestServices.GetServices<IContextBarrier>().FirstOrDefault(found => found.Handles(type))
            ?? throw new InvalidOperationException(
                $"A barrier in {type.Name} needs services.AddDbContextBarriers() of the package "
                + "OrleansDtm.Client.EntityFrameworkCore.");
    }

    /// <summary>Rolls back the barrier row too; the response has the reason.</summary>
    private sealed class RolledBack : Exception;
}
