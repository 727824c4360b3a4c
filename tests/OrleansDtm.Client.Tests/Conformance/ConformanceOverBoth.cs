using Microsoft.Extensions.DependencyInjection;
using OrleansDtm.Client.Grpc;
using Xunit;

namespace OrleansDtm.Client.Tests.Conformance;

/// <summary>Over HTTP.</summary>
public sealed class OutcomesOverHttp(RunningCoordinator coordinator) : OutcomeConformance(coordinator)
{
    protected override ServiceProvider Register() =>
        Coordinator.Client(static options => options.WorkflowCallback = "http://127.0.0.1:1/workflows", Add);
}

/// <summary>
/// Over gRPC only. The client knows only the gRPC address, and an HTTP request to the coordinator fails the test.
/// </summary>
public sealed class OutcomesOverGrpc(RunningCoordinator coordinator) : OutcomeConformance(coordinator)
{
    private readonly Untouched _http = new();

    protected override ServiceProvider Register() => GrpcOnly.Client(Coordinator, _http, Add);

    protected override void Check() => Assert.Empty(_http.Requests);
}

/// <summary>Over HTTP.</summary>
public sealed class ApiOverHttp(RunningCoordinator coordinator) : ApiConformance(coordinator)
{
    protected override ServiceProvider Register() =>
        Coordinator.Client(static options => options.WorkflowCallback = "http://127.0.0.1:1/workflows", Add);
}

/// <summary>Over gRPC only.</summary>
public sealed class ApiOverGrpc(RunningCoordinator coordinator) : ApiConformance(coordinator)
{
    private readonly Untouched _http = new();

    protected override ServiceProvider Register() => GrpcOnly.Client(Coordinator, _http, Add);

    protected override void Check() => Assert.Empty(_http.Requests);
}

/// <summary>Over HTTP.</summary>
public sealed class ResultsOverHttp(RunningCoordinator coordinator) : ResultConformance(coordinator)
{
    protected override ServiceProvider Register() =>
        Coordinator.Client(static options => options.WorkflowCallback = "http://127.0.0.1:1/workflows", Add);
}

/// <summary>Over gRPC only.</summary>
public sealed class ResultsOverGrpc(RunningCoordinator coordinator) : ResultConformance(coordinator)
{
    private readonly Untouched _http = new();

    protected override ServiceProvider Register() => GrpcOnly.Client(Coordinator, _http, Add);

    protected override void Check() => Assert.Empty(_http.Requests);
}

internal static class GrpcOnly
{
    public static ServiceProvider Client(
        CoordinatorProcess coordinator, Untouched http, Action<IServiceCollection> add) => Clients.Of(
        new Uri("http://127.0.0.1:1"),
        static options => options.WorkflowCallback = "127.0.0.1:1/workflow.Workflow/Execute",
        services =>
        {
            add(services);
            services.AddDtmGrpcClient(options => options.Server = coordinator.GrpcUrl);
            services.AddHttpClient(DtmHttpClients.Coordinator).AddHttpMessageHandler(() => http);
        });
}
