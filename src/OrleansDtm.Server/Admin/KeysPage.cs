using OrleansDtm.Grains.Activity;
using OrleansDtm.Grains.Audit;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Security.Access;
using OrleansDtm.Server.Security.Keys;

namespace OrleansDtm.Server.Admin;

/// <summary>The keys of this silo, and the requests of each on all silos. Nothing of it reveals a key.</summary>
internal sealed class KeysPage(
    ApiKeyRing keys, SiloReports silos, CoordinatorOptions options, TimeProvider clock)
{
    public async Task<KeysView> Read(CancellationToken cancellationToken)
    {
        var (reports, count) = await silos.Read(cancellationToken);
        var callers = reports.SelectMany(static r => r.Callers ?? [])
            .GroupBy(static c => (c.Kind, c.Name))
            .ToDictionary(static c => c.Key, static c => UsageView.Of([.. c]));
        var now = clock.GetUtcNow();
        var known = keys.All
            .OrderBy(static k => k.Name, StringComparer.Ordinal)
            .ThenBy(static k => k.NotAfter)
            .ToList();
        return new KeysView
        {
            Now = now.UtcDateTime,
            IsOn = options.Security.IsOn,
            Silos = reports.Count,
            SilosTotal = count,
            Since = reports.Min(static r => r.Started).UtcDateTime,
            Keys = [.. known.Select(key => Of(key, callers, now))],
            Others =
            [
                .. callers
                    .Where(c => c.Key.Kind != Requester.Key || known.TrueForAll(k => k.Name != c.Key.Name))
                    .OrderByDescending(static c => c.Value.LastMinute)
                    .ThenByDescending(static c => c.Value.Requests)
                    .Select(static c => new OtherCallerView { Kind = c.Key.Kind, Name = c.Key.Name, Usage = c.Value }),
            ],
        };
    }

    private KeyView Of(
        ApiKey key, Dictionary<(string Kind, string Name), UsageView> callers, DateTimeOffset now) =>
        new()
        {
            Name = key.Name,
            Role = RoleNames.Of(key.Role),
            Source = options.Security.Keys.Any(k => k.Hash.Span.SequenceEqual(key.Hash.Span)) ? "settings" : "file",
            NotAfter = key.NotAfter?.UtcDateTime,
            IsExpired = key.NotAfter <= now,
            RateMax = key.RateMax ?? options.Security.RequestsPerSecond,
            BytesMax = key.BytesMax
                ?? (options.Security.RequestBytesMax > 0
                    ? options.Security.RequestBytesMax
                    : options.Limits.RequestBytesMax),
            InFlightMax = key.InFlightMax ?? options.Security.InFlightMax,
            UnfinishedMax = key.UnfinishedMax ?? options.Security.UnfinishedMax,
            Usage = callers.GetValueOrDefault((Requester.Key, key.Name)),
        };
}

internal sealed class KeysView
{
    public required DateTime Now { get; init; }

    /// <summary>False = no authentication.</summary>
    public required bool IsOn { get; init; }

    /// <summary>Silos that answered.</summary>
    public required int Silos { get; init; }

    public required int SilosTotal { get; init; }

    /// <summary>The start of the silo that counts for the longest time.</summary>
    public required DateTime Since { get; init; }

    /// <summary>By name.</summary>
    public required IReadOnlyList<KeyView> Keys { get; init; }

    /// <summary>Callers with a token, and keys that were removed.</summary>
    public required IReadOnlyList<OtherCallerView> Others { get; init; }
}

/// <summary>A key without its text and its hash. Limits: 0 = unlimited.</summary>
internal sealed class KeyView
{
    public required string Name { get; init; }

    public required string Role { get; init; }

    /// <summary>settings or file.</summary>
    public required string Source { get; init; }

    public DateTime? NotAfter { get; init; }

    public required bool IsExpired { get; init; }

    /// <summary>Requests a second, of one silo.</summary>
    public required int RateMax { get; init; }

    public required int BytesMax { get; init; }

    public required int InFlightMax { get; init; }

    public required int UnfinishedMax { get; init; }

    /// <summary>Of all keys with this name; null = not used since the start of the silos.</summary>
    public UsageView? Usage { get; init; }
}

internal sealed class OtherCallerView
{
    public required string Kind { get; init; }

    public required string Name { get; init; }

    public required UsageView Usage { get; init; }
}

/// <summary>The sum of all silos that answered.</summary>
internal sealed class UsageView
{
    public required long Requests { get; init; }

    public required long Refused { get; init; }

    public required long LastMinute { get; init; }

    public required DateTime LastTime { get; init; }

    /// <summary>Null = without a limit they are not counted.</summary>
    public int? Unfinished { get; init; }

    public static UsageView Of(IReadOnlyList<CallerActivity> callers) => new()
    {
        Requests = callers.Sum(static c => c.Requests),
        Refused = callers.Sum(static c => c.Refused),
        LastMinute = callers.Sum(static c => c.LastMinute),
        LastTime = callers.Max(static c => c.LastAt).UtcDateTime,
        Unfinished = callers.All(static c => c.Unfinished is null) ? null : callers.Sum(static c => c.Unfinished ?? 0),
    };
}
