using OrleansDtm.Grains.Calls;
using OrleansDtm.Server.Security.Access;

namespace OrleansDtm.Server.Apis;

/// <summary>
/// Bounds the listings that are read and sent at the same time, because each may hold several megabytes. Waiting holds
/// no thread.
/// </summary>
internal sealed class ListingGate(TimeProvider clock)
{
    private const int Places = 2;

    /// <summary>The time in which a client must have read its page: a slow one must not block the others.</summary>
    private static readonly TimeSpan TimeMax = TimeSpan.FromSeconds(30);

    /// <summary>Namespaces take turns, so that one cannot hold up the others.</summary>
    private readonly FairGate _places = new(Places);

    public async Task Run(HttpContext context, Func<Task> list)
    {
        var space = RequestNamespace.Of(context);
        await Enter(space, context.RequestAborted);
        try
        {
            using var limit = new CancellationTokenSource(TimeMax, clock);
            await using var registration = limit.Token.Register(context.Abort);
            await list();
        }
        finally
        {
            _places.Exit(space);
        }
    }

    public async Task<T> Run<T>(string space, Func<Task<T>> list, CancellationToken cancellationToken)
    {
        await Enter(space, cancellationToken);
        try
        {
            return await list();
        }
        finally
        {
            _places.Exit(space);
        }
    }

    private async Task Enter(string space, CancellationToken cancellationToken)
    {
        if (!await _places.Enter(space, cancellationToken))
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }
}
