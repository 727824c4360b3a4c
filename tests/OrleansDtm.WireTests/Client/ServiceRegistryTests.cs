using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.ServiceDiscovery;
using Orleans.TestingHost;
using OrleansDtm.Abstractions;
using OrleansDtm.Grains.Hosting;
using OrleansDtm.Storage;
using OrleansDtm.Tests.Support.Invokers;
using Xunit;

namespace OrleansDtm.WireTests.Client;

/// <summary>A user's own silo with its own service registry.</summary>
public sealed class ServiceRegistryTests
{
    [Fact]
    public async Task Branches_of_a_silo_name_the_services_of_its_registry()
    {
        await using var bank = await BankService.Start();
        var builder = new InProcessTestClusterBuilder(1);
        builder.Options.ConfigureFileLogging = false;
        builder.ConfigureClient(static client => client.AddOrleansDtmClient());
        builder.ConfigureSilo((_, silo) =>
        {
            silo.UseInMemoryReminderService();
            silo.Services.AddSingleton<ITransactionStore>(new InMemoryTransactionStore());
            silo.Services.AddSingleton<IKeyValueStore>(new InMemoryTransactionStore());
            silo.Services.AddServiceDiscoveryCore();
            silo.Services.AddSingleton<IServiceEndpointProviderFactory>(new ServiceRegistry("shop", new Uri(bank.Url)));
            silo.AddOrleansDtm();
        });
        await using var cluster = builder.Build();
        await cluster.DeployAsync(TestContext.Current.CancellationToken);
        var saga = new SagaTransaction()
            .Step("http://shop/Buy", "http://shop/Return", 7)
            .Step("discovery:///shop/Pay", "discovery:///shop/Repay", 7);

        var result = await cluster.Client.ServiceProvider.GetRequiredService<ITransactions>().SubmitAndWait(
            saga, Coordinated.Patience, TestContext.Current.CancellationToken);

        Assert.True(result.Succeeded, result.ToString());
        Assert.Equal(["/Buy", "/Pay"], bank.Seen.Select(static seen => seen.Path));
    }
}
