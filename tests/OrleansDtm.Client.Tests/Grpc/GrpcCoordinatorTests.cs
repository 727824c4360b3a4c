using Microsoft.Extensions.DependencyInjection;
using OrleansDtm.Client.Grpc;
using OrleansDtm.Client.Tests.Grpc.Wire;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.Client.Tests.Grpc;

/// <summary>
/// Features that only gRPC has: channels, deadlines, services of branches. The conformance tests cover the rest.
/// </summary>
public sealed class GrpcCoordinatorTests(RunningCoordinator coordinator) : IAsyncLifetime
{
    private ServiceProvider _client = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private IDtm Dtm => _client.Dtm();

    [Fact]
    public async Task A_coordinator_that_is_not_there_is_unavailable_and_a_cancelled_caller_is_cancelled()
    {
        using var nowhere = Clients.Of(
            coordinator.Url, add: services => services.AddDtmGrpcClient(o => o.Server = new Uri("http://127.0.0.1:1")));
        var saga = nowhere.Dtm().Saga().Step("", "");
        var error = await Assert.ThrowsAsync<DtmUnavailableException>(() => saga.SubmitAsync(Cancel));
        Assert.Equal(saga.Gid, error.Gid);

        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Dtm.Saga().Step("", "").SubmitAsync(cancelled.Token));
    }

    [Fact]
    public async Task A_coordinator_that_does_not_answer_is_given_up_in_time()
    {
        using var silent = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        silent.Start();
        using var client = Clients.Of(
            coordinator.Url,
            options => options.RequestTimeout = TimeSpan.FromMilliseconds(300),
            services => services.AddDtmGrpcClient(o => o.Server = new Uri($"http://{silent.LocalEndpoint}")));

        var error = await Assert.ThrowsAsync<DtmUnavailableException>(() => client.Dtm().NewGidAsync(Cancel));

        Assert.Contains("0.3 s", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Concurrency_and_orders_of_a_saga_and_parts_of_seconds_arrive()
    {
        await using var bank = await Participant.Start();
        var saga = Dtm.Saga(new SagaOptions
        {
            WaitResult = true,
            Concurrent = true,
            RetryInterval = TimeSpan.FromMilliseconds(1500),
            RetryLimit = 3,
        })
            .Step(bank.Url + "/a", "").Step(bank.Url + "/b", "").Order(0, 1);

        Assert.True((await saga.SubmitAsync(Cancel)).Succeeded);

        Assert.Equal(["/b", "/a"], bank.Paths);
        Assert.Contains(
            "\"concurrent\":true", (await Dtm.QueryAsync(saga.Gid, Cancel))!.CustomData, StringComparison.Ordinal);
        Assert.NotEmpty(await Dtm.NewGidAsync(Cancel));
    }

    [Fact]
    public void Branches_must_be_generated_services_that_say_what_they_are()
    {
        Assert.Throws<ArgumentException>(() => new GrpcBranchOptions().Add<BankLog>());
        Assert.Throws<ArgumentException>(() => new GrpcBranchOptions().Add<Mute>());
        new GrpcBranchOptions().Add<BankService>();
    }

    public ValueTask InitializeAsync()
    {
        _client = coordinator.Client(add: services => services.AddDtmGrpcClient(o => o.Server = coordinator.GrpcUrl));
        return default;
    }

    public ValueTask DisposeAsync() => _client.DisposeAsync();

    private sealed class Mute : Bank.BankBase;
}
