using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Orleans.TestingHost;
using OrleansDtm.Core;
using OrleansDtm.Grains.Activity;
using OrleansDtm.Grains.Hosting;
using OrleansDtm.Storage;
using Xunit;

namespace OrleansDtm.Admin.Tests;

/// <summary>The statistics of the last minutes for the overview: their content, and their bounded size.</summary>
public sealed class ActivityTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 2, TimeSpan.Zero));

    [Theory]
    [InlineData(0.0004)]
    [InlineData(0.013)]
    [InlineData(2.5)]
    [InlineData(600)]
    public void Percentiles_come_out_within_a_tenth(double seconds)
    {
        var counts = new long[DurationBuckets.Count];
        counts[DurationBuckets.Of(TimeSpan.FromSeconds(seconds))] = 99;
        counts[DurationBuckets.Of(TimeSpan.FromSeconds(seconds * 100))]++;

        Assert.InRange(DurationBuckets.Percentile(counts, 0.5)!.Value.TotalSeconds, seconds * 0.9, seconds * 1.1);
        Assert.InRange(DurationBuckets.Percentile(counts, 0.99)!.Value.TotalSeconds, seconds * 0.9, seconds * 1.1);
        Assert.InRange(
            DurationBuckets.Percentile(counts, 0.999)!.Value.TotalSeconds, Math.Min(3900, seconds * 90), seconds * 110);
        Assert.Null(DurationBuckets.Percentile(new long[DurationBuckets.Count], 0.5));
        Assert.Equal(
            (0, DurationBuckets.Count - 1), (DurationBuckets.Of(TimeSpan.Zero), DurationBuckets.Of(TimeSpan.MaxValue)));
    }

    [Fact]
    public void What_happened_stands_in_its_span_and_is_forgotten_after_ten_minutes()
    {
        var window = new ActivityWindow(_time);
        window.OnFinished(Ended(TransactionStatus.Succeed, TimeSpan.FromSeconds(2)));
        window.OnFinished(Ended(TransactionStatus.Failed, TimeSpan.FromSeconds(2)));
        window.OnBranchAnswered(
            Ended(TransactionStatus.Succeed, TimeSpan.Zero), new(0, Outcome.Succeeded, TimeSpan.FromMilliseconds(30)));
        window.OnRequest(failed: true);
        window.OnRequestAnswered(TimeSpan.FromMilliseconds(5));
        _time.Advance(TimeSpan.FromSeconds(7));
        window.OnRequest(failed: false);

        var report = window.Read();
        Assert.Equal(2, report.Slots.Length);
        var start = _time.Start.AddSeconds(-2).ToUnixTimeSeconds();
        Assert.Equal(
            new ActivitySlot
            {
                Start = start,
                Succeeded = 1,
                Failed = 1,
                CallsAnswered = 1,
                Requests = 1,
                RequestsFailed = 1,
            },
            report.Slots[0]);
        Assert.Equal(new ActivitySlot { Start = start + 5, Requests = 1 }, report.Slots[1]);
        Assert.Equal(2, report.Transactions.Sum());
        Assert.InRange(DurationBuckets.Percentile(report.Calls, 0.5)!.Value.TotalMilliseconds, 27, 33);

        _time.Advance(TimeSpan.FromMinutes(6));
        // Durations cover only the last five minutes.
        Assert.Equal((2, 0L), (window.Read().Slots.Length, window.Read().Requests.Sum()));
        _time.Advance(TimeSpan.FromMinutes(4));
        Assert.Empty(window.Read().Slots);
        window.OnRequest(failed: false); // It reuses the slot of the first interval.
        Assert.Equal(1, Assert.Single(window.Read().Slots).Requests);
    }

    [Fact]
    public void Failing_services_are_counted_told_apart_and_never_too_many()
    {
        var window = new ActivityWindow(_time);
        for (var i = 0; i < 1000; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(10));
            window.OnBranchAnswered(
                Calling($"http://h{i}:80/x"), new(0, Outcome.Unknown(new string('e', 5000)), TimeSpan.Zero));
        }

        window.OnBranchAnswered(Calling("http://user:pass@H999:80/y"), new(0, Outcome.Failed("no"), TimeSpan.Zero));
        window.OnBranchAnswered(Calling("http://h999:80/z"), new(0, Outcome.Ongoing("wait"), TimeSpan.Zero));
        window.OnBranchAnswered(Calling("http://h999:80/z"), new(0, Outcome.Succeeded, TimeSpan.Zero));

        var services = window.Read().Services;
        Assert.Equal(50, services.Length);
        Assert.Equal(("h999:80", 1L, 1L, "no", "g1"), (
            services[0].Service, services[0].Errors, services[0].Refusals, services[0].LastError, services[0].LastGid));
        Assert.Equal(300, services[1].LastError.Length);
        Assert.Equal([0, 0, 0, 0, 0, 0, 0, 0, 0, 2], services[0].Minutes!);
        _time.Advance(TimeSpan.FromMinutes(3));
        Assert.Equal([0, 0, 0, 0, 0, 0, 2, 0, 0, 0], window.Read().Services[0].Minutes!);
        _time.Advance(TimeSpan.FromMinutes(8));
        Assert.Empty(window.Read().Services);
    }

    /// <summary>A silo whose clock was fast takes over the database's.</summary>
    [Fact]
    public void A_clock_that_is_set_back_hides_failures_of_the_future()
    {
        var clock = new SteadyClock(_time);
        var window = new ActivityWindow(clock);
        window.OnBranchAnswered(Calling("http://a:80/x"), new(0, Outcome.Failed("no"), TimeSpan.Zero));
        clock.Correct(TimeSpan.FromHours(-1));
        Assert.Empty(window.Read().Services);
        window.OnBranchAnswered(Calling("http://a:80/x"), new(0, Outcome.Failed("no"), TimeSpan.Zero));
        Assert.Equal([0, 0, 0, 0, 0, 0, 0, 0, 0, 1], Assert.Single(window.Read().Services).Minutes!);
    }

    [Fact]
    public async Task A_silo_reads_the_windows_of_the_others_and_does_without_those_that_keep_none()
    {
        var builder = new InProcessTestClusterBuilder(3);
        builder.Options.ConfigureFileLogging = false;
        builder.ConfigureSilo((options, silo) =>
        {
            silo.Services.AddSingleton<ITransactionStore>(new InMemoryTransactionStore());
            silo.Services.AddSingleton<IKeyValueStore>(new InMemoryTransactionStore());
            silo.UseInMemoryReminderService();
            silo.AddOrleansDtm();
            if (!options.SiloName.EndsWith('2'))
            {
                silo.Services.AddSingleton<ICallerActivity>(new OneCaller());
                silo.AddActivityWindow();
            }
        });
        await using var cluster = builder.Build();
        await cluster.DeployAsync(TestContext.Current.CancellationToken);
        var silos = cluster.Silos.OrderBy(static s => s.Name).ToList();
        silos[1].ServiceProvider.GetRequiredService<ActivityWindow>().OnRequest(failed: true);
        var client = silos[0].ServiceProvider.GetRequiredService<ActivityClient>();

        var reports = await Task.WhenAll(
            silos.Select(s => client.Read(s.SiloAddress, TestContext.Current.CancellationToken)));

        Assert.Empty(reports[0]!.Slots);
        Assert.Equal(1, Assert.Single(reports[1]!.Slots).RequestsFailed);
        Assert.Null(reports[2]);
        Assert.Empty(reports[1]!.Hosts!);
        Assert.Equal((0, 0, 0L), (
            reports[1]!.Load!.CallsInFlight, reports[1]!.Load!.CallsWaiting, reports[1]!.Load!.LiveBytes));
        Assert.Equal("shop", Assert.Single(reports[1]!.Callers!).Name); // It travels between silos.
        await cluster.StopAllSilosAsync(CancellationToken.None);
    }

    private sealed class OneCaller : ICallerActivity
    {
        public CallerActivity[] Read() =>
        [
            new()
            {
                Kind = "key",
                Name = "shop",
                Requests = 2,
                Refused = 1,
                LastMinute = 2,
                LastAt = DateTimeOffset.UnixEpoch,
                Unfinished = 1,
            },
        ];
    }

    private Transaction Ended(TransactionStatus status, TimeSpan after) => Calling("http://h/x") with
    {
        Status = status,
        Finished = _time.GetUtcNow() + after,
    };

    private Transaction Calling(string url) => new()
    {
        Definition = new TransactionDefinition
        {
            Gid = "g1",
            Type = TransactionType.Msg,
            Created = _time.GetUtcNow(),
            Options = new TransactionOptions(),
        },
        Branches = ImmutableArray.Create(new BranchOp
        {
            Definition = new BranchOpDefinition("01", BranchOps.Action, url, default, _time.GetUtcNow()),
        }),
        Status = TransactionStatus.Submitted,
        Updated = _time.GetUtcNow(),
    };
}
