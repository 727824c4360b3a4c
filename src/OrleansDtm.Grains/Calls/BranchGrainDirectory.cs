using System.Collections.Immutable;
using System.Globalization;
using Orleans.Metadata;
using OrleansDtm.Abstractions;
using OrleansDtm.Branches;

namespace OrleansDtm.Grains.Calls;

/// <summary>
/// Lists the grains of the cluster that may be branches, from the cluster manifest; this silo needs none of their code.
/// Entries of a silo that left are kept, because it may be restarting and its branches are retried until it is back.
/// </summary>
public sealed class BranchGrainDirectory(IClusterManifestProvider manifests, ISiloStatusOracle silos)
{
    /// <summary>The polling interval while the manifest of a joining silo is missing.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(50);

    private readonly Lock _lock = new();
    private volatile Known _known = new(null, ImmutableDictionary<string, Entry>.Empty);

    /// <summary>
    /// Returns the problem of a <c>grain://</c> URL, as text to append to it; null = none, or not known yet.
    /// </summary>
    public string? FindProblem(string url)
    {
        ArgumentNullException.ThrowIfNull(url);
        var found = Find(url);
        return found.IsUnheardOf && !HasHeardOfAll() ? null : found.Problem;
    }

    /// <summary>
    /// Finds the grain of a <c>grain://</c> URL. Waits for the manifests of joining silos if it is unknown.
    /// </summary>
    /// <exception cref="OperationCanceledException">The manifests did not arrive in time.</exception>
    internal async ValueTask<BranchGrainAddress> Await(
        string url, TimeProvider clock, CancellationToken cancellationToken)
    {
        var found = Find(url);
        while (found.IsUnheardOf && !HasHeardOfAll())
        {
            await Task.Delay(Pace, clock, cancellationToken);
            found = Find(url);
        }

        return found;
    }

    /// <summary>Finds the grain of a <c>grain://</c> URL.</summary>
    internal BranchGrainAddress Find(string url)
    {
        if (url[BranchUrl.Scheme.Length..].Split('/')
            is not [{ Length: > 0 } name, { Length: > 0 } escapedKey, { Length: > 0 } method]
            || url.AsSpan().ContainsAny('?', '#'))
        {
            return BranchGrainAddress.Wrong(
                "is not a valid grain URL; use grain://GrainType/key/Method with a percent-encoded key");
        }

        if (!Current().ByName.TryGetValue(name, out var entry))
        {
            return BranchGrainAddress.Wrong(
                $"cannot be called: no silo has registered a grain {name} (AddBranchGrain)") with
            {
                IsUnheardOf = true,
            };
        }

        if (!entry.Methods.Contains(method))
        {
            return BranchGrainAddress.Wrong(
                $"cannot be called: {name} has no method {method} that may be a branch") with
            {
                IsUnheardOf = true,
            };
        }

        if (entry.Types.Count > 1)
        {
            return BranchGrainAddress.Wrong($"cannot be called: several grain classes are {name}: "
                + $"{string.Join(", ", entry.Types)}; give them aliases");
        }

        return IdOf(entry.Types[0], entry.Key, Uri.UnescapeDataString(escapedKey)) is { } id
            ? new BranchGrainAddress(id, name, method, null)
            : BranchGrainAddress.Wrong($"cannot be called: the key of {name} is "
                + $"{(entry.Key == BranchKeyKind.Guid ? "a guid" : "a whole number")}");
    }

    private static GrainId? IdOf(GrainType type, BranchKeyKind kind, string key) => kind switch
    {
        BranchKeyKind.Text => GrainId.Create(type, key),
        BranchKeyKind.Integer =>
            long.TryParse(key, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                ? GrainId.Create(type, GrainIdKeyExtensions.CreateIntegerKey(number))
                : null,
        BranchKeyKind.Guid =>
            Guid.TryParse(key, out var guid) ? GrainId.Create(type, GrainIdKeyExtensions.CreateGuidKey(guid)) : null,
        _ => null,
    };

    /// <summary>
    /// True if the manifests of all active silos are known. That of a joining silo arrives a moment later.
    /// </summary>
    private bool HasHeardOfAll()
    {
        var heard = manifests.Current.Silos;
        return silos.GetApproximateSiloStatuses().All(
            silo => silo.Value is not (SiloStatus.Joining or SiloStatus.Active) || heard.ContainsKey(silo.Key));
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

    /// <summary>
    /// Merges the methods of all silos under one name, because silos of different versions may have different methods.
    /// </summary>
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

/// <summary>The grain and method that a <c>grain://</c> URL names.</summary>
/// <param name="Id">The grain id; default if there is a problem.</param>
/// <param name="Grain">The name of the grain interface.</param>
/// <param name="Method">The name of the method.</param>
/// <param name="Problem">The problem, as text to append to the URL; null = none.</param>
internal readonly record struct BranchGrainAddress(GrainId Id, string Grain, string Method, string? Problem)
{
    /// <summary>True if the problem is that no silo has registered the grain or method yet.</summary>
    public bool IsUnheardOf { get; init; }

    public static BranchGrainAddress Wrong(string problem) => new(default, "", "", problem);
}
