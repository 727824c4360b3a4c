using System.Collections.Concurrent;

namespace OrleansDtm.Grains.Calls;

/// <summary>
/// The services whose <see cref="BranchGrain"/> lives in this silo. Who calls one of them goes straight to its bulkhead: a message to the
/// grain and one back for each call were a tenth of a saga's CPU, and the grain is always in the same silo.
/// </summary>
internal sealed class BranchServices
{
    private readonly ConcurrentDictionary<string, BranchService> _open = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, BranchService>.AlternateLookup<ReadOnlySpan<char>> _byAuthority;

    public BranchServices() => _byAuthority = _open.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Null = its grain is not active here, or the name is written with capitals: ask the grain.</summary>
    public BranchService? Find(ReadOnlySpan<char> service) => _byAuthority.TryGetValue(service, out var open) ? open : null;

    public void Open(BranchService service) => _open[service.Name] = service;

    /// <summary>Calls under way go on. Another activation's service of the same name stays.</summary>
    public void Close(BranchService service) => _open.TryRemove(KeyValuePair.Create(service.Name, service));
}
