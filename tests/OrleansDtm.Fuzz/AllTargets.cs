using System.Diagnostics;
using System.Globalization;
using OrleansDtm.Fuzz.Engine;
using OrleansDtm.Fuzz.Parsers;
using OrleansDtm.Fuzz.Server;

namespace OrleansDtm.Fuzz;

/// <summary>All targets that accept external input, and checks of the server after they have run.</summary>
public sealed class AllTargets : IAsyncDisposable
{
    private const long MemoryGrowthMax = 256L << 20;
    private const int HandleGrowthMax = 100;
    private static readonly TimeSpan SettleLimit = TimeSpan.FromSeconds(30);

    private readonly Coordinator _coordinator = new();
    private readonly Tally _tally = new();
    private (long Memory, int Handles) _before;

    private AllTargets()
    {
    }

    public IReadOnlyList<Target> All { get; private set; } = [];

    public static async Task<AllTargets> Start(CancellationToken cancel)
    {
        var targets = new AllTargets();
        await targets._coordinator.Start(cancel);
        targets.All =
        [
            .. RequestParsers.All(), .. StoredParsers.All(),
            new BodyTarget(targets._coordinator, targets._tally), new QueryTarget(targets._coordinator, targets._tally),
            new JsonRpcTarget(targets._coordinator, targets._tally), new GrpcTarget(
                targets._coordinator, targets._tally),
            new RawHttpTarget(targets._coordinator, targets._tally), new RawHttp2Target(targets._coordinator),
            new LyingBranchTarget(targets._coordinator, targets._tally),
        ];
        foreach (var target in targets.All)
        {
            // Creates lasting caches and connections before the resources are measured.
            await target.Try(target.Seeds[0], cancel);
        }

        targets._before = Measure();
        return targets;
    }

    /// <summary>Checks that the server still works and that no resources have leaked.</summary>
    public async Task<IReadOnlyList<Finding>> FindAfterEffects(CancellationToken cancel)
    {
        var found = new List<Finding>();
        if (await _coordinator.ProperSaga(cancel) is { } problem)
        {
            found.Add(Of(problem));
        }

        var (all, unfinished) = await _coordinator.Stop(cancel);
        if (unfinished > 0)
        {
            found.Add(
                Of(string.Create(CultureInfo.InvariantCulture, $"{unfinished} transactions could not be stopped")));
        }

        if (all > _tally.Count + 2)
        {
            found.Add(
                Of(string.Create(CultureInfo.InvariantCulture, $"{all} transactions came of {_tally.Count} requests")));
        }

        var clock = Stopwatch.StartNew();
        var after = Measure();
        while (HasGrown(after) && clock.Elapsed < SettleLimit)
        {
            // Idle connections are closed after a while.
            await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, cancel);
            after = Measure();
        }

        if (HasGrown(after))
        {
            found.Add(Of(string.Create(
                CultureInfo.InvariantCulture,
                $"memory went from {_before.Memory >> 20} to {after.Memory >> 20} MiB, open files from "
                + $"{_before.Handles} to {after.Handles}")));
        }

        return found;

        static Finding Of(string what) => new("after", what, []);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var target in All.OfType<IDisposable>())
        {
            target.Dispose();
        }

        await _coordinator.DisposeAsync();
    }

    private static (long Memory, int Handles) Measure() =>
        (GC.GetTotalMemory(forceFullCollection: true), Directory.GetFiles("/proc/self/fd").Length);

    private bool HasGrown((long Memory, int Handles) after) =>
        after.Memory > _before.Memory + MemoryGrowthMax || after.Handles > _before.Handles + HandleGrowthMax;
}
