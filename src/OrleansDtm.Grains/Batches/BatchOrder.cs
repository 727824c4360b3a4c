namespace OrleansDtm.Grains.Batches;

/// <summary>The request for a job.</summary>
/// <param name="Operation">retry, unpark, force_stop or resolve.</param>
/// <param name="Filter">Parameters of the listing, at least one; null with <paramref name="Gids"/>.</param>
/// <param name="DryRun">True = only count; null = false.</param>
/// <param name="Limit">At most so many transactions; null = 10,000.</param>
/// <param name="Reason">Needed by force_stop and resolve.</param>
/// <param name="Gids">The transactions, instead of a filter; null or empty = those of the filter.</param>
public sealed record BatchOrder(
    string? Operation,
    Dictionary<string, string?>? Filter,
    bool? DryRun,
    long? Limit,
    string? Reason,
    IReadOnlyList<string>? Gids = null);
