using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.ServiceDiscovery;
using OrleansDtm.Core;
using OrleansDtm.Invokers;
using OrleansDtm.Tests.Support.Grpc;
using OrleansDtm.Tests.Support.Invokers;
using Xunit;

namespace OrleansDtm.UnitTests.Invokers;

/// <summary>Branch URLs with a service name instead of a host.</summary>
public sealed class ServiceNameTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("discovery:///orders", "orders", "")]
    [InlineData("discovery:///orders/Act", "orders", "/Act")]
    [InlineData("Discovery://orders/Act?x=1", "orders", "/Act?x=1")]
    [InlineData("discovery://localhost:2379/orders/a.B/C", "orders", "/a.B/C")]
    [InlineData("discovery://10.0.0.1:1,10.0.0.2:2/orders/a.B/C", "orders", "/a.B/C")]
    [InlineData("discovery:///orders?x", "orders", "?x")]
    [InlineData("discovery:///", null, "")]
    [InlineData("discovery://", null, "")]
    [InlineData("discovery://host:1", null, "")]
    [InlineData("discovery:///a b/c", null, "")]
    [InlineData("discovery:///.../pay", null, "")]
    [InlineData("discovery:///a..b/pay", null, "")]
    [InlineData("discovery:///-a/pay", null, "")]
    [InlineData("discovery://me:word@host:1/orders/a", null, "")]
    [InlineData("http://orders/Act", null, "")]
    public void A_url_names_a_service_as_drivers_wrote_it(string url, string? service, string path)
    {
        Assert.Equal(service is not null, ServiceUrl.TryRead(url, out var name, out var rest));
        if (service is not null)
        {
            Assert.Equal((service, path), (name.ToString(), rest.ToString()));
        }
    }

    [Theory]
    [InlineData("http://orders/v1/Act?x=1")]
    [InlineData("http://ORDERS/v1/Act?x=1")]
    [InlineData("discovery:///orders/v1/Act?x=1")]
    [InlineData("discovery://orders/v1/Act?x=1")]
    public async Task A_service_of_the_configuration_is_called_at_its_endpoints_in_turn(string url)
    {
        await using var one = await BankService.Start();
        await using var two = await BankService.Start();
        using var world = new World(
            ("Services:orders:http:0", one.Url), ("Services:orders:http:1", $"{new Uri(two.Url).Authority}"));

        for (var i = 0; i < 4; i++)
        {
            Assert.Equal(Outcome.Succeeded, await world.Invoke(url, "http"));
        }

        Assert.Equal((2, 2), (one.Seen.Count, two.Seen.Count));
        Assert.Equal(("/v1/Act", new Uri(one.Url).Authority), (one.Seen[0].Path, one.Seen[0].Host));
        Assert.StartsWith("?x=1&branch_id=01", two.Seen[0].Query, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_endpoint_that_refuses_is_passed_over_and_one_may_have_a_path()
    {
        await using var bank = await BankService.Start();
        using var world = new World(
            ("Services:orders:http:0", "http://127.0.0.1:1"), ("Services:orders:http:1", bank.Url + "/base/"));

        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(Outcome.Succeeded, await world.Invoke("http://orders/a", "http"));
        }

        Assert.All(bank.Seen, static seen => Assert.Equal("/base/a", seen.Path));
    }

    [Fact]
    public async Task A_name_that_no_registry_knows_is_a_hosts_and_one_with_a_port_always_is()
    {
        await using var bank = await BankService.Start();
        var port = new Uri(bank.Url).Port;
        var lookups = new List<string>();
        using var world = new World(
            options => options with
            {
                ResolveHost = (host, _) =>
                {
                    lookups.Add(host);
                    return Task.FromResult<IPAddress[]>([IPAddress.Loopback]);
                },
            },
            ("Services:orders:http:0", "http://127.0.0.1:1"));

        Assert.Equal(Outcome.Succeeded, await world.Invoke($"http://orders:{port}/a", "http"));
        await world.Invoke("http://other/a", "http"); // Port 80 of this machine; the outcome does not matter.
        Assert.Equal(["orders", "other"], lookups);

        var unknown = await world.Invoke("discovery:///other/a", "http");
        Assert.Equal(
            Outcome.Unknown("no registry knows a service 'other' (Services:other:http:0, Branches:DnsSrv)"), unknown);
        var none = await new World(static options => options with { Services = null }).Invoke(
            "discovery:///other/a", "http");
        Assert.Equal(unknown, none);
    }

    [Theory]
    [InlineData("discovery:///busi/test.Busi/Act")]
    [InlineData("discovery://localhost:2379/busi/test.Busi/Act")]
    [InlineData("busi/test.Busi/Act")]
    [InlineData("grpc://busi/test.Busi/Act")]
    public async Task So_are_gRPC_services_in_turn(string url)
    {
        await using var one = await GrpcParticipant.Start();
        await using var two = await GrpcParticipant.Start();
        using var world = new World(
            ("Services:busi:grpc:0", one.Host),
            ("Services:busi:grpc:1", "http://" + two.Host),
            ("Services:busi:http:0", "127.0.0.1:1"));

        for (var i = 0; i < 20 && (one.Calls.Count == 0 || two.Calls.Count == 0); i++)
        {
            Assert.Equal(Outcome.Succeeded, await world.Invoke(url, "grpc"));
        }

        Assert.NotEmpty(one.Calls);
        Assert.NotEmpty(two.Calls); // The second connection may take longer than the first calls.
        Assert.Equal(OutcomeKind.Unknown, (await world.Invoke("discovery:///nobody/test.Busi/Act", "grpc")).Kind);
    }

    [Theory]
    [InlineData("orders", "", false, null)]
    [InlineData("", "", true, "Branches:DenyPrivate")]
    [InlineData("orders,127.0.0.0/8", "", true, null)]
    [InlineData("shop", "", false, "the host orders:")]
    [InlineData("", "127.0.0.0/8", false, "Branches:Deny, '127.0.0.0/8'")]
    [InlineData("", "127.*", false, "Branches:Deny, '127.*'")]
    [InlineData("", "orders", false, "Branches:Deny, 'orders'")]
    public async Task The_rules_judge_the_name_and_what_it_resolves_to(
        string allow, string deny, bool denyPrivate, string? words)
    {
        await using var bank = await BankService.Start();
        await using var busi = await GrpcParticipant.Start();
        var targets = new BranchTargets(
            allow.Split(',', StringSplitOptions.RemoveEmptyEntries),
            deny.Split(',', StringSplitOptions.RemoveEmptyEntries),
            denyPrivate);
        using var world = new World(
            options => options with { Targets = targets },
            ("Services:orders:http:0", bank.Url),
            ("Services:orders:grpc:0", busi.Host));

        foreach (var (url, protocol) in new[]
        {
            ("http://orders/a", "http"),
            ("discovery:///orders/test.Busi/Act", "grpc"),
        })
        {
            var outcome = await world.Invoke(url, protocol);
            Assert.Equal(words is null ? OutcomeKind.Succeeded : OutcomeKind.Unknown, outcome.Kind);
            Assert.Contains(words ?? "", outcome.Error ?? "", StringComparison.Ordinal);
        }

        Assert.Equal(words is null ? 1 : 0, bank.Seen.Count);
        Assert.Equal(
            words?.Contains("orders", StringComparison.Ordinal) == true,
            targets.FindProblem("discovery:///orders/a") is not null);
    }

    [Fact]
    public async Task A_registry_of_ones_own_is_a_factory_among_the_services()
    {
        await using var bank = await BankService.Start();
        using var world = new World(services => services.AddSingleton<IServiceEndpointProviderFactory>(
            new ServiceRegistry("shop", new Uri(bank.Url))));

        Assert.Equal(Outcome.Succeeded, await world.Invoke("http://shop/a", "http"));
        Assert.Equal(OutcomeKind.Unknown, (await world.Invoke("discovery:///stock/a", "http")).Kind);
        Assert.Single(bank.Seen);
    }

    private sealed class World : IDisposable
    {
        private readonly ServiceProvider _provider;
        private readonly BranchHttpClient _http;
        private readonly GrpcBranchInvoker _grpc;

        public World(params (string Key, string Value)[] settings)
            : this(static options => options, settings)
        {
        }

        public World(Func<InvokerOptions, InvokerOptions> configure, params (string Key, string Value)[] settings)
            : this(
                services => services
                    .AddSingleton<IConfiguration>(new ConfigurationBuilder()
                        .AddInMemoryCollection(settings.ToDictionary(static s => s.Key, static s => (string?)s.Value))
                        .Build())
                    .AddConfigurationServiceEndpointProvider(),
                configure)
        {
        }

        public World(Action<IServiceCollection> add, Func<InvokerOptions, InvokerOptions>? configure = null)
        {
            var services = new ServiceCollection().AddLogging().AddServiceDiscoveryCore();
            services.AddSingleton<IServiceEndpointProviderFactory, NoEndpoints>();
            add(services);
            _provider = services.BuildServiceProvider();
            var options = new InvokerOptions { Services = _provider.GetRequiredService<ServiceEndpointResolver>() };
            options = configure?.Invoke(options) ?? options;
            (_http, _grpc) = (new BranchHttpClient(options), new GrpcBranchInvoker(options, TimeProvider.System));
        }

        public Task<Outcome> Invoke(string url, string protocol) =>
            new BranchInvokers(new HttpBranchInvoker(_http), new JsonRpcBranchInvoker(_http), _grpc).Invoke(
                new BranchInvocation
                {
                    Gid = "g1",
                    Type = TransactionType.Saga,
                    Protocol = protocol,
                    BranchId = "01",
                    Op = "action",
                    Url = url,
                }, Token);

        public void Dispose()
        {
            _http.Dispose();
            _grpc.Dispose();
            _provider.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }
}
