using System.Net;
using OrleansDtm.Client;
using OrleansDtm.Client.AspNetCore;

namespace OrleansDtm.Samples.QuickStart;

/// <summary>The payload of a saga step.</summary>
internal sealed record Transfer(long Amount);

/// <summary>
/// The service with the branches: a success is answered 200, a failure 409, which rolls the saga back.
/// </summary>
internal static class BranchService
{
    /// <returns>The service, on a free loopback port.</returns>
    public static async Task<WebApplication> Start(Bank bank, Narrator narrator, Uri coordinator)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddDtmClient(options => options.Server = coordinator);
        builder.Services.AddBranches(_ => bank.Connect());
        var app = builder.Build();
        app.Use(narrator.Tell);
        app.MapBranch(
            "/TransOut", (Transfer transfer, LocalTransaction local) => Bank.Change(local, "A", -transfer.Amount));
        app.MapBranch(
            "/TransOutCompensate",
            (Transfer transfer, LocalTransaction local) => Bank.Undo(local, "A", -transfer.Amount));
        app.MapBranch(
            "/TransIn", (Transfer transfer, LocalTransaction local) => Bank.Change(local, "B", transfer.Amount));
        app.MapBranch(
            "/TransInCompensate",
            (Transfer transfer, LocalTransaction local) => Bank.Undo(local, "B", transfer.Amount));
        await app.StartAsync();
        return app;
    }
}
