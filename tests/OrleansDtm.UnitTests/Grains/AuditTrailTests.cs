using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using OrleansDtm.Grains;
using OrleansDtm.Grains.Audit;
using OrleansDtm.Storage;
using Xunit;

namespace OrleansDtm.UnitTests.Grains;

/// <summary>The audit log under a store that is slow, away, or gone.</summary>
public sealed class AuditTrailTests : IAuditStore, IAsyncDisposable
{
    private static readonly Requester Ops = new(Requester.Key, "ops", "admin", "10.0.0.7");

    private readonly FakeTimeProvider _clock = new();
    private readonly AuditTrail _trail;
    private readonly List<AuditRecord> _stored = [];
    private readonly SemaphoreSlim _appends = new(0);
    private volatile bool _isAway;

    public AuditTrailTests()
    {
        var options = new DtmGrainOptions { Clock = _clock };
        options.Audit.Requests = true;
        var meters = new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>();
        _trail = new AuditTrail(this, Options.Create(options), new AuditMetrics(meters), NullLoggerFactory.Instance);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_operation_is_stored_before_it_is_answered()
    {
        await _trail.Operation(Ops, "forceStop", AuditOutcomes.Done, new AuditSubject("g1", "", "submitted", "failed"));

        var record = Assert.Single(_stored);
        Assert.Equal(
            ("forceStop", "done", "g1", "ops", "key", "admin", "10.0.0.7", "submitted", "failed"),
            (record.Action, record.Outcome, record.Gid, record.Caller, record.Kind, record.Role, record.Address,
                record.Before, record.After));
    }

    [Fact]
    public async Task An_operation_is_answered_after_two_seconds_and_stored_when_the_store_is_back()
    {
        _isAway = true;
        var operation = _trail.Operation(Ops, "forceStop", AuditOutcomes.Done, new AuditSubject("g1"));
        await _appends.WaitAsync(Cancel);
        Assert.False(operation.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(2.1));
        await operation;
        Assert.Empty(_stored);

        _isAway = false;
        while (_stored.Count == 0)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.Equal("g1", Assert.Single(_stored).Gid);
    }

    [Fact]
    public async Task Secrets_of_urls_are_masked()
    {
        const string detail = "t http://user:secret1@h/x?token=secret2&a=b";
        await _trail.Operation(Ops, "subscribe", AuditOutcomes.Done, new AuditSubject("", detail));

        Assert.Equal("t http://***@h/x?token=***&a=b", Assert.Single(_stored).Detail);
    }

    [Fact]
    public async Task What_waits_is_stored_when_it_stops()
    {
        for (var i = 0; i < 250; i++)
        {
            _trail.Request(Ops, "submit", AuditOutcomes.Done, new AuditSubject($"g{i}"));
        }

        // The records that are being collected wait for the clock; the rest is written at once when it stops.
        var stopped = _trail.DisposeAsync().AsTask();
        while (!stopped.IsCompleted)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }

        await stopped;
        Assert.Equal(Enumerable.Range(0, 250).Select(static i => $"g{i}"), _stored.Select(static r => r.Gid));
        Assert.All(_stored, static r => Assert.True(r.IsRequest));
    }

    [Theory]
    [InlineData("key", "ops", "10.0.0.7", "key 'ops' from 10.0.0.7")]
    [InlineData("anonymous", "", "::1", "anonymous from ::1")]
    [InlineData("orleans", "Orders@web\n1", "", "orleans 'Orders@web1'")]
    public void A_caller_is_described(string kind, string name, string address, string text) =>
        Assert.Equal(text, new Requester(kind, name, "", address).Describe());

    public async ValueTask DisposeAsync()
    {
        await _trail.DisposeAsync();
        _appends.Dispose();
    }

    Task IAuditStore.Append(IReadOnlyList<AuditRecord> records, CancellationToken cancellationToken)
    {
        Assert.InRange(records.Count, 1, AuditRecord.BatchMax);
        if (!_isAway)
        {
            _stored.AddRange(records);
        }

        _appends.Release();
        return _isAway ? Task.FromException(new StoreUnavailableException("away")) : Task.CompletedTask;
    }

    Task<IReadOnlyList<AuditItem>> IAuditStore.ListAudit(AuditFilter filter, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    Task<RetentionSlice> IAuditStore.DeleteAudit(
        DateTimeOffset before,
        DateTimeOffset requestsBefore,
        long afterId,
        int limit,
        CancellationToken cancellationToken) => throw new NotSupportedException();
}
