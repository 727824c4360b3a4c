using System.Collections.Immutable;
using System.Globalization;
using Orleans.Metadata;
using OrleansDtm.Abstractions;
using OrleansDtm.Branches;

namespace OrleansDtm.Grains.Calls;

/// <summary>
/// Which grains of the cluster may be branches, as their silos say in the manifest that Orleans hands round: this silo needs none of
/// their code. What a silo said is kept when it goes: it may be restarting, and its branches are retried until it is back.
/// </summary>
public sealed class BranchGrainDirectory(IClusterManifestProvider manifests, ISiloStatusOracle silos)
{
    /// <summary>Between two looks whether a silo that has just joined has been heard of.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(50);

    private readonly Lock _lock = new();
    private volatile Known _known = new(null, ImmutableDictionary<string, Entry>.Empty);

    /// <summary>What is wrong with a <c>grain://</c> URL, in words that follow it; null = nothing, or this silo cannot tell yet.</summary>
    public string? FindProblem(string url)
    {
        ArgumentNullException.ThrowIfNull(url);
        var found = Find(url);
        return found.IsUnheardOf && !HasHeardOfAll() ? null : found.Problem;
    }

    /// <summary>Whom a <c>grain://</c> URL means; waits for silos that have just joined to say what they host.</summary>
    /// <exception cref="OperationCanceledException">They did not in time.</exception>
    internal async ValueTask<BranchGrainAddress> Await(string url, TimeProvider clock, CancellationToken cancellationToken)
    {
        var found = Find(url);
        while (found.IsUnheardOf && !HasHeardOfAll())
        {
            await Task.Delay(Pace, clock, cancellationToken);
            found = Find(url);
        }

        return found;
    }

    /// <summary>Whom a <c>grain://</c> URL means.</summary>
    internal BranchGrainAddress Find(string url)
    {
        if (url[BranchUrl.Scheme.Length..].Split('/') is not [{ Length: > 0 } name, { Length: > 0 } escapedKey, { Length: > 0 } method]
            || url.AsSpan().ContainsAny('?', '#'))
        {
            return BranchGrainAddress.Wrong("is no call of a grain; write grain://GrainType/key/Method, the key percent-encoded");
        }

        if (!Current().ByName.TryGetValue(name, out var entry))
        {
            return BranchGrainAddress.Wrong($"cannot be called: no silo has registered a grain {name} (AddBranchGrain)") with { IsUnheardOf = true };
        }

        if (!entry.Methods.Contains(method))
        {
            return BranchGrainAddress.Wrong($"cannot be called: {name} has no method {method} that may be a branch") with { IsUnheardOf = true };
        }

        if (entry.Types.Count > 1)
        {
            return BranchGrainAddress.Wrong($"cannot be called: several grain classes are {name}: {string.Join(", ", entry.Types)}; give them aliases");
        }

        return IdOf(entry.Types[0], entry.Key, Uri.UnescapeDataString(escapedKey)) is { } id
            ? new BranchGrainAddress(id, name, method, null)
            : BranchGrainAddress.Wrong($"cannot be called: the key of {name} is {(entry.Key == BranchKeyKind.Guid ? "a guid" : "a whole number")}");
    }

    private static GrainId? IdOf(GrainType type, BranchKeyKind kind, string key) => kind switch
    {
        BranchKeyKind.Text => GrainId.Create(type, key),
        BranchKeyKind.Integer => long.TryParse(key, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? GrainId.Create(type, GrainIdKeyExtensions.CreateIntegerKey(number))
            : null,
        BranchKeyKind.Guid => Guid.TryParse(key, out var guid) ? GrainId.Create(type, GrainIdKeyExtensions.CreateGuidKey(guid)) : null,
        _ => null,
    };

    /// <summary>Every silo at work has said what it hosts; one that has just joined is heard of a moment later.</summary>
    private bool HasHeardOfAll()
    {
        var heard = manifests.Current.Silos;
        return silos.GetApproximateSiloStatuses().All(silo => silo.Value is not (SiloStatus.Joining or SiloStatus.Active) || heard.ContainsKey(silo.Key));
    }

    private Known Current()
    {
        var manifest = manifests.Current;
        var known = _known;
        if (ReferenceEquals(known.Manifest, manifest))
        {
            return known;
        }

        lock (_lock)
        {
            return _known = new Known(manifest, _known.ByName.SetItems(Read(manifest)));
        }
    }

    /// <summary>Silos of different versions may each have their own methods: a name has all of them.</summary>
    private static Dictionary<string, Entry> Read(ClusterManifest manifest)
    {
        var found = new Dictionary<string, Entry>(StringComparer.Ordinal);
        foreach (var (type, grain) in manifest.AllGrainManifests.SelectMany(static silo => silo.Grains))
        {
            foreach (var (property, value) in grain.Properties)
            {
                if (BranchManifest.TryRead(property, value, out var name, out var key, out var methods))
                {
                    var entry = found.GetValueOrDefault(name) ?? new Entry([], key, []);
                    found[name] = entry with
                    {
                        Types = entry.Types.Contains(type) ? entry.Types : entry.Types.Add(type),
                        Methods = entry.Methods.Union(methods),
                    };
                }
            }
        }

        return found;
    }

    private sealed record Known(ClusterManifest? Manifest, ImmutableDictionary<string, Entry> ByName);

    private sealed record Entry(ImmutableList<GrainType> Types, BranchKeyKind Key, ImmutableHashSet<string> Methods);
}

/// <summary>Whom a URL means.</summary>
/// <param name="Id">The grain; default when there is a problem.</param>
/// <param name="Grain">The name of its interface.</param>
/// <param name="Method">The name of the method.</param>
/// <param name="Problem">What is wrong, in words that follow the URL; null = nothing.</param>
internal readonly record struct BranchGrainAddress(GrainId Id, string Grain, string Method, string? Problem)
{
    /// <summary>What is wrong is that nobody has said so far that it exists.</summary>
    public bool IsUnheardOf { get; init; }

    public static BranchGrainAddress Wrong(string problem) => new(default, "", "", problem);
}
