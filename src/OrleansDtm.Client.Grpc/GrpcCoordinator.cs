using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OrleansDtm.Protocol;
using OrleansDtm.Protocol.Coordination;
using OrleansDtm.Protocol.Wire;

namespace OrleansDtm.Client.Grpc;

/// <summary>
/// The coordinator over gRPC: DTM's service, and OrleansDtm's for what DTM's lacks. Uses HTTP only with
/// <see cref="DtmGrpcOptions.HttpFallback"/>.
/// </summary>
internal sealed class GrpcCoordinator(
    Channels channels,
    IServiceProvider services,
    IOptions<DtmGrpcOptions> grpc,
    IOptions<DtmOptions> options,
    TimeProvider clock) : ICoordinator
{
    private readonly Protocol.Wire.Dtm.DtmClient _dtms =
        new(channels.To(grpc.Value.Server.GetLeftPart(UriPartial.Authority)));

    private readonly Coordinator.CoordinatorClient _ours =
        new(channels.To(grpc.Value.Server.GetLeftPart(UriPartial.Authority)));

    private GrpcCalls _calls = new(
        grpc.Value.Server.Authority, options.Value, options.Value.Namespace ?? "", clock);

    private string _namespace = options.Value.Namespace ?? "";

    public string Address { get; } = grpc.Value.Server.Authority;

    public bool CarriesBytes => true;

    /// <summary>For what the coordinator lacks over gRPC.</summary>
    private HttpCoordinator Http =>
        (HttpCoordinator)services.GetRequiredService<HttpCoordinator>().In(_namespace);

    public ICoordinator In(string name) => new GrpcCoordinator(channels, services, grpc, options, clock)
    {
        _calls = new GrpcCalls(Address, options.Value, name, clock),
        _namespace = name,
    };

    public async Task<string> NewGidAsync(CancellationToken cancellationToken)
    {
        var reply = await _calls.Make("NewGid", null, call => _dtms.NewGidAsync(new Empty(), call), cancellationToken)
            .ConfigureAwait(false);
        return reply.Gid;
    }

    public Task PrepareAsync(TransactionRequest request, CancellationToken cancellationToken) => SendAsync(
        "Prepare",
        request,
        (message, call) => _ours.PrepareAsync(message, call),
        (message, call) => _dtms.PrepareAsync(message, call),
        null,
        cancellationToken);

    public async Task<TransactionResult?> SubmitAsync(TransactionRequest request, CancellationToken cancellationToken)
    {
        try
        {
            var reply = await SendAsync(
                "Submit",
                request,
                (message, call) => _ours.SubmitAsync(message, call),
                (message, call) => _dtms.SubmitAsync(message, call),
                request.WaitResult == true ? options.Value.WaitTimeout : null,
                cancellationToken).ConfigureAwait(false);
            return request is { WaitResult: true, Results: true }
                ? new TransactionResult(request.Gid!, GlobalStatus.Succeeded)
                {
                    Results = [.. (reply?.Results ?? []).Select(GrpcMessages.Answer)],
                }
                : null;
        }
        catch (DtmConflictException e) when (GrpcStatuses.End(e) is { } end)
        {
            return end;
        }
    }

    public Task AbortAsync(TransactionRequest request, CancellationToken cancellationToken)
    {
        var message = GrpcMessages.Dtms(request);
        return _calls.Make(
            // An abort waits if its prepare does.
            "Abort",
            request.Gid,
            call => _dtms.AbortAsync(message, call),
            cancellationToken,
            options.Value.WaitTimeout);
    }

    public Task RegisterBranchAsync(RegisterRequest request, CancellationToken cancellationToken)
    {
        var message = GrpcMessages.Of(request);
        return _calls.Make(
            "RegisterBranch", request.Gid, call => _dtms.RegisterBranchAsync(message, call), cancellationToken);
    }

    public async Task<WorkflowProgress> PrepareWorkflowAsync(
        TransactionRequest request, CancellationToken cancellationToken)
    {
        if (request.QueryPrepared is { } callback && GrpcUrl.Parse(callback) is null)
        {
            throw new InvalidOperationException(
                $"DtmOptions.WorkflowCallback is {callback}; over gRPC it must be host:port/workflow.Workflow/Execute, "
                + $"which {nameof(WorkflowGrpcService)} serves.");
        }

        const string Api = "PrepareWorkflow";
        try
        {
            var message = GrpcMessages.Ours(request);
            var reply = await _calls
                .MakeOurs(Api, request.Gid, call => _ours.PrepareWorkflowAsync(message, call), cancellationToken)
                .ConfigureAwait(false);
            return GrpcMessages.Progress(reply.Progress, reply.CustomData);
        }
        catch (NotSupportedException) when (GrpcMessages.FitsDtm(request))
        {
            // DTM's own servers do not return name and input of an existing workflow.
            var message = GrpcMessages.Dtms(request);
            var reply = await _calls
                .Make(Api, request.Gid, call => _dtms.PrepareWorkflowAsync(message, call), cancellationToken)
                .ConfigureAwait(false);
            return GrpcMessages.Progress(reply, "");
        }
    }

    public Task SubscribeAsync(string topic, string url, string remark, CancellationToken cancellationToken)
    {
        var message = new DtmTopicRequest { Topic = topic, URL = url, Remark = remark };
        return _calls.Make("Subscribe", null, call => _dtms.SubscribeAsync(message, call), cancellationToken);
    }

    public Task UnsubscribeAsync(string topic, string url, CancellationToken cancellationToken)
    {
        var message = new DtmTopicRequest { Topic = topic, URL = url };
        return _calls.Make("Unsubscribe", null, call => _dtms.UnsubscribeAsync(message, call), cancellationToken);
    }

    public Task DeleteTopicAsync(string topic, CancellationToken cancellationToken)
    {
        var message = new DtmTopicRequest { Topic = topic };
        return _calls.Make("DeleteTopic", null, call => _dtms.DeleteTopicAsync(message, call), cancellationToken);
    }

    public Task<TransactionInfo?> QueryAsync(string gid, CancellationToken cancellationToken)
    {
        var message = new GidRequest { Gid = gid };
        return Ours(
            "Query",
            gid,
            call => _ours.QueryAsync(message, call),
            GrpcMessages.Info,
            http => http.QueryAsync(gid, cancellationToken),
            cancellationToken);
    }

    public async Task<TransactionInfo> WaitAsync(string gid, TimeSpan atMost, CancellationToken cancellationToken)
    {
        var message = new WaitRequest { Gid = gid, Timeout = Math.Max(0, atMost.TotalSeconds) };
        try
        {
            var reply = await _calls.MakeOurs(
                "Wait",
                gid,
                call => _ours.WaitAsync(message, call),
                cancellationToken,
                atMost + options.Value.RequestTimeout).ConfigureAwait(false);
            return GrpcMessages.Info(reply)
                ?? throw new DtmNotFoundException($"There is no transaction {gid}.") { Gid = gid };
        }
        catch (NotSupportedException) when (grpc.Value.HttpFallback)
        {
            return await Http.WaitAsync(gid, atMost, cancellationToken).ConfigureAwait(false);
        }
    }

    public Task<TransactionPage> ListAsync(TransactionFilter filter, CancellationToken cancellationToken)
    {
        var message = GrpcMessages.Of(filter);
        return Ours(
            "List",
            null,
            call => _ours.ListAsync(message, call),
            GrpcMessages.Page,
            http => http.ListAsync(filter, cancellationToken),
            cancellationToken);
    }

    public Task<IReadOnlyList<TopicSubscriber>> SubscribersAsync(string topic, CancellationToken cancellationToken)
    {
        var message = new TopicRequest { Topic = topic };
        return Ours(
            "Subscribers",
            null,
            call => _ours.SubscribersAsync(message, call),
            GrpcMessages.Subscribers,
            http => http.SubscribersAsync(topic, cancellationToken),
            cancellationToken);
    }

    public Task ForceStopAsync(string gid, CancellationToken cancellationToken)
    {
        var message = new GidRequest { Gid = gid };
        return OursDone(
            "ForceStop",
            gid,
            call => _ours.ForceStopAsync(message, call),
            http => http.ForceStopAsync(gid, cancellationToken),
            cancellationToken);
    }

    public Task RetryNowAsync(string gid, CancellationToken cancellationToken)
    {
        var message = new GidRequest { Gid = gid };
        return OursDone(
            "RetryNow",
            gid,
            call => _ours.RetryNowAsync(message, call),
            http => http.RetryNowAsync(gid, cancellationToken),
            cancellationToken);
    }

    public Task RetryBranchAsync(string gid, string branchId, string op, CancellationToken cancellationToken)
    {
        var message = new BranchRequest { Gid = gid, BranchId = branchId, Op = op };
        return OursDone(
            "RetryBranch",
            gid,
            call => _ours.RetryBranchAsync(message, call),
            http => http.RetryBranchAsync(gid, branchId, op, cancellationToken),
            cancellationToken);
    }

    /// <summary>
    /// Uses DTM's method, which every coordinator has; OrleansDtm's if the request has options that DTM's lacks.
    /// </summary>
    /// <returns>The reply of OrleansDtm's method; null = DTM's was used.</returns>
    private async Task<TReply?> SendAsync<TReply>(
        string api,
        TransactionRequest request,
        Func<Submission, CallOptions, AsyncUnaryCall<TReply>> ours,
        Func<DtmRequest, CallOptions, AsyncUnaryCall<Empty>> dtms,
        TimeSpan? limit,
        CancellationToken cancellationToken)
        where TReply : class
    {
        if (!GrpcMessages.FitsDtmExactly(request))
        {
            try
            {
                var all = GrpcMessages.Ours(request);
                return await _calls.MakeOurs(api, request.Gid, call => ours(all, call), cancellationToken, limit)
                    .ConfigureAwait(false);
            }
            catch (NotSupportedException) when (GrpcMessages.FitsDtm(request))
            {
                // DTM's own servers use whole seconds only.
            }
        }

        var message = GrpcMessages.Dtms(request);
        await _calls.Make(
            api, request.Gid, call => dtms(message, call), cancellationToken, limit).ConfigureAwait(false);
        return null;
    }

    private async Task<T> Ours<TReply, T>(
        string api,
        string? gid,
        Func<CallOptions, AsyncUnaryCall<TReply>> call,
        Func<TReply, T> read,
        Func<HttpCoordinator, Task<T>> fallback,
        CancellationToken cancellationToken)
    {
        try
        {
            return read(await _calls.MakeOurs(api, gid, call, cancellationToken).ConfigureAwait(false));
        }
        catch (NotSupportedException) when (grpc.Value.HttpFallback)
        {
            return await fallback(Http).ConfigureAwait(false);
        }
    }

    private async Task OursDone(
        string api,
        string gid,
        Func<CallOptions, AsyncUnaryCall<Empty>> call,
        Func<HttpCoordinator, Task> fallback,
        CancellationToken cancellationToken)
    {
        try
        {
            await _calls.MakeOurs(api, gid, call, cancellationToken).ConfigureAwait(false);
        }
        catch (NotSupportedException) when (grpc.Value.HttpFallback)
        {
            await fallback(Http).ConfigureAwait(false);
        }
    }
}
