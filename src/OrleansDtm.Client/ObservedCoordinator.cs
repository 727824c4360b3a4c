using System.Diagnostics;
using OrleansDtm.Protocol;

namespace OrleansDtm.Client;

/// <summary>Spans and durations of requests, for any transport.</summary>
internal sealed class ObservedCoordinator(ICoordinator inner) : ICoordinator
{
    public string Address => inner.Address;

    public bool CarriesBytes => inner.CarriesBytes;

    public ICoordinator In(string name) => new ObservedCoordinator(inner.In(name));

    public Task<string> NewGidAsync(CancellationToken cancellationToken) =>
        Observe("new_gid", null, null, () => inner.NewGidAsync(cancellationToken));

    public Task PrepareAsync(TransactionRequest request, CancellationToken cancellationToken) =>
        Observe("prepare", request.Gid, request.TransType, () => inner.PrepareAsync(request, cancellationToken));

    public Task<TransactionResult?> SubmitAsync(TransactionRequest request, CancellationToken cancellationToken) =>
        Observe("submit", request.Gid, request.TransType, () => inner.SubmitAsync(request, cancellationToken));

    public Task AbortAsync(TransactionRequest request, CancellationToken cancellationToken) =>
        Observe("abort", request.Gid, request.TransType, () => inner.AbortAsync(request, cancellationToken));

    public Task RegisterBranchAsync(RegisterRequest request, CancellationToken cancellationToken) => Observe(
        "register_branch", request.Gid, request.TransType,
        () => inner.RegisterBranchAsync(request, cancellationToken));

    public Task<WorkflowProgress> PrepareWorkflowAsync(
        TransactionRequest request, CancellationToken cancellationToken) => Observe(
            "prepare_workflow", request.Gid, request.TransType,
            () => inner.PrepareWorkflowAsync(request, cancellationToken));

    public Task<TransactionInfo?> QueryAsync(string gid, CancellationToken cancellationToken) =>
        Observe("query", gid, null, () => inner.QueryAsync(gid, cancellationToken));

    public Task<TransactionInfo> WaitAsync(string gid, TimeSpan atMost, CancellationToken cancellationToken) =>
        Observe("wait", gid, null, () => inner.WaitAsync(gid, atMost, cancellationToken));

    public Task<TransactionPage> ListAsync(TransactionFilter filter, CancellationToken cancellationToken) =>
        Observe("list", null, null, () => inner.ListAsync(filter, cancellationToken));

    public Task ForceStopAsync(string gid, CancellationToken cancellationToken) =>
        Observe("force_stop", gid, null, () => inner.ForceStopAsync(gid, cancellationToken));

    public Task RetryNowAsync(string gid, CancellationToken cancellationToken) =>
        Observe("retry_now", gid, null, () => inner.RetryNowAsync(gid, cancellationToken));

    public Task RetryBranchAsync(string gid, string branchId, string op, CancellationToken cancellationToken) =>
        Observe("retry_branch", gid, null, () => inner.RetryBranchAsync(gid, branchId, op, cancellationToken));

    public Task SubscribeAsync(string topic, string url, string remark, CancellationToken cancellationToken) =>
        Observe("subscribe", null, null, () => inner.SubscribeAsync(topic, url, remark, cancellationToken));

    public Task UnsubscribeAsync(string topic, string url, CancellationToken cancellationToken) =>
        Observe("unsubscribe", null, null, () => inner.UnsubscribeAsync(topic, url, cancellationToken));

    public Task DeleteTopicAsync(string topic, CancellationToken cancellationToken) =>
        Observe("delete_topic", null, null, () => inner.DeleteTopicAsync(topic, cancellationToken));

    public Task<IReadOnlyList<TopicSubscriber>> SubscribersAsync(string topic, CancellationToken cancellationToken) =>
        Observe("subscribers", null, null, () => inner.SubscribersAsync(topic, cancellationToken));

    private static Task<object?> Observe(string operation, string? gid, string? type, Func<Task> request) =>
        Observe<object?>(operation, gid, type, async () =>
        {
            await request().ConfigureAwait(false);
            return null;
        });

    private static Task<T> Observe<T>(string operation, string? gid, string? type, Func<Task<T>> request) =>
        DtmDiagnostics.Source.HasListeners() || DtmDiagnostics.RequestDuration.Enabled
            ? Observed(operation, gid, type, request)
            : request();

    private static async Task<T> Observed<T>(string operation, string? gid, string? type, Func<Task<T>> request)
    {
        using var span = DtmDiagnostics.Source.StartActivity($"dtm {operation}", ActivityKind.Client);
        span?.SetTag(DtmDiagnostics.Gid, gid).SetTag(DtmDiagnostics.Type, type);
        var start = Stopwatch.GetTimestamp();
        var tags = new TagList { { DtmDiagnostics.Operation, operation } };
        try
        {
            return await request().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            var name = e.GetType().FullName;
            tags.Add(DtmDiagnostics.Error, name);
            span?.SetTag(DtmDiagnostics.Error, name).SetStatus(ActivityStatusCode.Error, e.Message);
            throw;
        }
        finally
        {
            DtmDiagnostics.RequestDuration.Record(Stopwatch.GetElapsedTime(start).TotalSeconds, tags);
        }
    }
}
