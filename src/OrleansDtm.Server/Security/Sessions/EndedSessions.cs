using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.IdentityModel.JsonWebTokens;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Storage;

namespace OrleansDtm.Server.Security.Sessions;

/// <summary>
/// Cookies that were signed out before they expired, in the store: every silo refuses them from then on. Each request
/// with a cookie reads it; only the page has cookies.
/// </summary>
internal sealed class EndedSessions(IKeyValueStore store, CoordinatorOptions options, TimeProvider clock)
{
    private const string Category = "ended-sessions";
    private const int PageSize = 100;

    /// <summary>A token may name any end.</summary>
    private static readonly DateTime EndMax = new(9000, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    /// <summary>Pages of older entries that a sign-out looks through for expired ones.</summary>
    private const int PagesMax = 10;

    public async ValueTask<bool> Contains(string cookie, CancellationToken cancellationToken) =>
        await store.Get(Category, Key(cookie), cancellationToken) is not null;

    /// <summary>Refuses the cookie until it would have expired.</summary>
    public async Task Add(string cookie, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var until = SessionCookie.TokenOf(cookie) is { } token
            ? Min(new JsonWebToken(token).ValidTo, EndMax) + TimeSpan.FromMinutes(5) // With the clocks' difference.
            : (now + options.Security.SessionLifetime).UtcDateTime;
        await store.Put(
            Category,
            Key(cookie),
            new DateTimeOffset(until, TimeSpan.Zero).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
            0,
            cancellationToken);
        await DeleteExpired(now, cancellationToken);
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

    private static DateTime Min(DateTime a, DateTime b) => a < b ? a : b;

    /// <summary>Not the cookie itself: readers of the store must not be able to use it.</summary>
    private static string Key(string cookie) =>
        Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(cookie)));
}
