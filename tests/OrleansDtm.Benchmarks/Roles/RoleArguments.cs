using System.Globalization;
using System.Net;

namespace OrleansDtm.Benchmarks.Roles;

/// <summary>
/// <c>--port N</c>, and <c>--parent</c> if the benchmark started the role: it then ends when standard input ends.
/// </summary>
internal sealed record RoleArguments(int Port, bool HasParent)
{
    public static RoleArguments Parse(string[] args)
    {
        var at = Array.IndexOf(args, "--port");
        var port = at >= 0 && at + 1 < args.Length ? int.Parse(args[at + 1], CultureInfo.InvariantCulture) : 0;
        return new RoleArguments(port, args.Contains("--parent"));
    }

    /// <summary>Runs Kestrel without configuration, logging and routing.</summary>
    public async Task<int> Serve(RequestDelegate handle)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, Port);
        });
        await using var app = builder.Build();
        app.Run(handle);
        await app.StartAsync();
        Console.WriteLine("listening on " + string.Join(' ', app.Urls));
        if (HasParent)
        {
            _ = EndWithParent(app);
        }

        await app.WaitForShutdownAsync();
        return 0;
    }

    /// <summary>
    /// Ends the role with its parent. The pipe closes however the parent ends, so no role is left behind.
    /// </summary>
    private static async Task EndWithParent(WebApplication app)
    {
        await using var input = Console.OpenStandardInput();
        var buffer = new byte[16];
        while (await input.ReadAsync(buffer) > 0)
        {
        }

        app.Lifetime.StopApplication();
    }
}
