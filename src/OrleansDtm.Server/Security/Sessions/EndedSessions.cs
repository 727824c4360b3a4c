using System.Globalization;
using OrleansDtm.Storage;

namespace OrleansDtm.Server.Security.Sessions;

/// <summary>
/// Sessions that were signed out before they expired, in the store: every silo refuses them from then on. Each request
/// with a cookie reads it; only the page has cookies.
/// </summary>
internal sealed class EndedSessions(IKeyValueStore store, TimeProvider clock)
{
    private const string Category = "ended-sessions";
    private const int PageSize = 100;

    /// <summary>The clocks of silos differ.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(5);

    /// <summary>Pages of older entries that a sign-out looks through for expired ones.</summary>
    private const int PagesMax = 10;

    /// <param name="id">Id of a session.</param>
    public async ValueTask<bool> Contains(string id, CancellationToken cancellationToken) =>
        await store.Get(Category, id, cancellationToken) is not null;

    /// <summary>Refuses the session until it would have expired.</summary>
    public async Task Add(Session session, CancellationToken cancellationToken)
    {
        await store.Put(
            Category,
            session.Id,
            (session.Until + Margin).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
            0,
            cancellationToken);
        await DeleteExpired(clock.GetUtcNow(), cancellationToken);
    }

    private async Task DeleteExpired(DateTimeOffset now, CancellationToken cancellationToken)
    {
        var before = 0L;
        for (var i = 0; i < PagesMax; i++)
        {
            var page = await store.Scan(Category, before, PageSize, cancellationToken);
            foreach (var item in page)
            {
                if (long.TryParse(item.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var until)
                    && until < now.ToUnixTimeSeconds())
                {
                    await store.Delete(Category, item.Key, item.Version, cancellationToken);
                }
            }

            if (page.Count < PageSize)
            {
                return;
            }

            before = page[^1].Id;
        }
    }
}
