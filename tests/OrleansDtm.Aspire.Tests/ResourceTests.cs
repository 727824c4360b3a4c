using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using OrleansDtm.Tests.Support;
using Xunit;

namespace OrleansDtm.Aspire.Tests;

/// <summary>What AddOrleansDtm tells the container and its callers.</summary>
public sealed class ResourceTests
{
    private static IDistributedApplicationBuilder Application() => DistributedApplication.CreateBuilder(
        new DistributedApplicationOptions
        {
            DisableDashboard = true,
            ProjectDirectory = RepositoryRoot.File("tests", "OrleansDtm.Aspire.Tests"),
            Args = ["--operation", "publish", "--step", "publish"],
        });

    [Fact]
    public async Task The_container_gets_its_image_ports_key_and_health_check()
    {
        var dtm = Application().AddOrleansDtm("dtm", httpPort: 8081);

        var image = dtm.Resource.Annotations.OfType<ContainerImageAnnotation>().Single();
        Assert.Equal(("orleansdtm", "0.1.0"), (image.Image, image.Tag));
        Assert.Equal(
            [("http", 36789, 8081, "http"), ("grpc", 36790, null, "http2")],
            dtm.Resource.Annotations.OfType<EndpointAnnotation>()
                .Select(static e => (e.Name, e.TargetPort!.Value, e.Port, e.Transport)));
        var environment = await Environment(dtm.Resource);
        Assert.Equal("dtm admin plain:{dtm-key.value}", environment["Security__Keys__0"]);
        Assert.DoesNotContain("Store__Driver", environment.Keys);
        Assert.Single(dtm.Resource.Annotations.OfType<HealthCheckAnnotation>());
    }

    [Fact]
    public async Task Callers_get_both_addresses_and_the_key()
    {
        var application = Application();
        var dtm = application.AddOrleansDtm("dtm");
        var shop = application.AddExecutable("shop", "shop", ".").WithReference(dtm);

        Assert.Equal(
            "Endpoint={dtm.bindings.http.url};GrpcEndpoint={dtm.bindings.grpc.url};Key={dtm-key.value}",
            dtm.Resource.ConnectionStringExpression.ValueExpression);
        Assert.Equal("{dtm.connectionString}", (await Environment(shop.Resource))["ConnectionStrings__dtm"]);
    }

    [Fact]
    public void The_generated_key_is_secret_and_long_enough_for_the_server()
    {
        var dtm = Application().AddOrleansDtm("dtm");

        Assert.True(dtm.Resource.Key.Secret);
        Assert.Matches("^[A-Za-z0-9]{43,}$", dtm.Resource.Key.Default!.GetDefaultValue());
    }

    [Theory]
    [InlineData("mysql")]
    [InlineData("postgres")]
    public async Task A_database_is_the_store_and_is_waited_for(string driver)
    {
        var application = Application();
        var database = application.AddConnectionString("db");
        var dtm = application.AddOrleansDtm("dtm");
        _ = driver == "mysql" ? dtm.WithMySql(database) : dtm.WithPostgres(database);

        var environment = await Environment(dtm.Resource);
        Assert.Equal(driver, environment["Store__Driver"]);
        Assert.Equal("{db.connectionString}", environment["Store__ConnectionString"]);
        Assert.Contains(
            dtm.Resource.Annotations.OfType<WaitAnnotation>(), wait => wait.Resource.Name == "db");
    }

    [Fact]
    public void A_volume_holds_the_file_of_the_default_store()
    {
        var dtm = Application().AddOrleansDtm("dtm").WithDataVolume("transactions");

        var mount = dtm.Resource.Annotations.OfType<ContainerMountAnnotation>().Single();
        Assert.Equal(("transactions", "/data"), (mount.Source, mount.Target));
    }

    [Fact]
    public void A_process_needs_the_server()
    {
        var missing = Assert.Throws<FileNotFoundException>(
            () => Application().AddOrleansDtmProcess("dtm", "nowhere/OrleansDtm.Server.dll"));

        Assert.Contains("dotnet publish src/OrleansDtm.Server", missing.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_coordinator_finds_services_by_the_names_of_their_resources()
    {
        var application = Application();
        var bank = application.AddExecutable("bank", "bank", ".").WithHttpEndpoint();
        var dtm = application.AddOrleansDtm("dtm").WithReference(bank.GetEndpoint("http"));

        Assert.Equal("{bank.bindings.http.url}", (await Environment(dtm.Resource))["services__bank__http__0"]);
    }

    private static async Task<IReadOnlyDictionary<string, string>> Environment(IResourceWithEnvironment resource) =>
#pragma warning disable CS0618 // What replaces it is experimental.
        await resource.GetEnvironmentVariableValuesAsync(DistributedApplicationOperation.Publish);
#pragma warning restore CS0618
}
