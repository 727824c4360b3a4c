using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OrleansDtm.Client;
using OrleansDtm.Client.Grpc;
using OrleansDtm.Testcontainers;

namespace OrleansDtm.Aspire.Tests;

/// <summary>The C# of the READMEs, between the marks; <see cref="ReadmeTests"/> compares it.</summary>
internal static class ReadmeSnippets
{
    public static void AppHost(IDistributedApplicationBuilder builder)
    {
        // <hosting>
        var dtm = builder.AddOrleansDtm("dtm").WithDataVolume();

        var bank = builder.AddProject("bank", "../Bank/Bank.csproj")
            .WithHttpEndpoint()
            .WithReference(dtm)
            .WaitFor(dtm);

        // The coordinator calls branches by the name of their service: http://bank/out.
        dtm.WithReference(bank);
        // </hosting>
    }

    public static void Store(
        IResourceBuilder<OrleansDtmResource> dtm, IResourceBuilder<IResourceWithConnectionString> mysql,
        IResourceBuilder<IResourceWithConnectionString> postgres)
    {
        // <store>
        dtm.WithMySql(mysql);       // AddMySql("mysql").AddDatabase("dtmdb"), MariaDB too
        dtm.WithPostgres(postgres); // AddPostgres("postgres").AddDatabase("dtmdb")
        // </store>
    }

    public static object Process(IDistributedApplicationBuilder builder)
    {
        // <process>
        var local = builder.AddOrleansDtmProcess("dtm", "../server/OrleansDtm.Server.dll").WithDataFile("dtm.db");
        // </process>
        return local;
    }

    public static void Client(HostApplicationBuilder builder)
    {
        // <client>
        builder.AddOrleansDtmClient("dtm");
        // </client>
    }

    public static void Grpc(HostApplicationBuilder builder)
    {
        // <grpc>
        builder.AddOrleansDtmClient("dtm");
        var connection = OrleansDtmClientSettings.Read(builder.Configuration, "dtm");
        builder.Services.AddDtmGrpcClient(grpc => grpc.Server = connection.GrpcEndpoint!);
        // </grpc>
    }

    public static async Task<Uri> Container(IServiceCollection services)
    {
        // <container>
        await using var dtm = new OrleansDtmBuilder("orleansdtm:0.1.0").Build();
        await dtm.StartAsync(); // Returns when the coordinator is ready.

        services.AddDtmClient(options => options.Server = dtm.HttpEndpoint);

        // Branches of the test's own process, which must listen on all addresses (http://*:5080).
        var bank = OrleansDtmContainer.HostUrl(5080);
        // </container>
        return bank;
    }
}
