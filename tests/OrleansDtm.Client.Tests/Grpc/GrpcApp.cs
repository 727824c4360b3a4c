using System.Data.Common;
using System.Net;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansDtm.Client.Grpc;
using OrleansDtm.Client.Tests.Grpc.Wire;
using Xunit;

namespace OrleansDtm.Client.Tests.Grpc;

/// <summary>
/// An application that serves branches and workflows over gRPC and submits over gRPC, on a free port.
/// </summary>
public sealed class GrpcApp : IAsyncDisposable
{
    private readonly WebApplication _app;

    private GrpcApp(WebApplication app)
    {
        _app = app;
        Channel = GrpcChannel.ForAddress(app.Urls.Single());
    }

    public GrpcChannel Channel { get; }

    public BankLog Bank => _app.Services.GetRequiredService<BankLog>();

    public IDtm Dtm => _app.Services.Dtm();

    public string Callback => Url("workflow.Workflow/Execute");

    public static async Task<GrpcApp> Start(
        RunningCoordinator coordinator, Func<DbConnection> connect, Action<IServiceCollection>? add = null,
        string? callback = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(static kestrel => kestrel.Listen(
            IPAddress.Loopback, 0, static port => port.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc(static grpc => grpc.Interceptors.Add<BranchInterceptor>());
        builder.Services.AddGrpcBranches(_ => connect(), static branches => branches.Add<BankService>());
        builder.Services.AddDtmGrpcClient(options => options.Server = coordinator.GrpcUrl);
        builder.Services.AddSingleton<BankLog>();
        add?.Invoke(builder.Services);
        var built = builder.Build();
        built.MapGrpcService<BankService>();
        built.MapGrpcService<WorkflowGrpcService>();
        await built.StartAsync(TestContext.Current.CancellationToken);
        var app = new GrpcApp(built);
        built.Services.GetRequiredService<IOptions<DtmOptions>>().Value.WorkflowCallback = callback ?? app.Callback;
        return app;
    }

    /// <summary>host:port/bank.Bank/method</summary>
    public string Branch(string method) => Url($"bank.Bank/{method}");

    public Bank.BankClient Client() => new(Channel);

    public async ValueTask DisposeAsync()
    {
        Channel.Dispose();
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
    }

    private string Url(string method) => $"{new Uri(_app.Urls.Single()).Authority}/{method}";
}
