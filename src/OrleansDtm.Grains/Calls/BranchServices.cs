using System.Collections.Concurrent;

namespace OrleansDtm.Grains.Calls;

/// <summary>
/// The services whose <see cref="BranchGrain"/> is active on this silo. Callers use the bulkhead directly: a grain
/// message and its response for each call cost 10 % of a saga's CPU, and the grain is always on the same silo.
/// </summary>
internal sealed class BranchServices
{
    private readonly ConcurrentDictionary<string, BranchService> _open = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, BranchService>.AlternateLookup<ReadOnlySpan<char>> _byAuthority;

    public BranchServices() => _byAuthority = _open.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>
    /// Finds a service; null = its grain is not active here, or the name contains capitals: call the grain.
    /// </summary>
    public BranchService? Find(ReadOnlySpan<char> service) =>
        _byAuthority.TryGetValue(service, out var open) ? open : null;

    public void Open(BranchService service) => _open[service.Name] = service;

    /// <summary>
    /// Removes a service unless another activation has registered the same name. Calls in flight continue.
    /// </summary>
    public void Close(BranchService service) => _open.TryRemove(KeyValuePair.Create(service.Name, service));
}
