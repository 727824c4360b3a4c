using System.Net.Sockets;
using OrleansDtm.Server;
using OrleansDtm.Server.Apis;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Storage;

if (args is ["-h" or "--help"])
{
    Console.WriteLine(Help.Text);
    return 0;
}

if (args is ["-v" or "--version"])
{
    Console.WriteLine(HttpApi.Version);
    return 0;
}

try
{
    await using var app = CoordinatorApp.Build(args);
    await app.RunAsync();
    return 0;
}
catch (SettingsException e)
{
    Console.Error.WriteLine("The configuration cannot be used:");
    foreach (var problem in e.Problems)
    {
        Console.Error.WriteLine($"  {problem}");
    }

    return 2;
}
catch (Exception e) when (e is StoreSchemaException or StoreUnavailableException or IOException or SocketException)
{
    // A store that is locked or newer than we are, or a port in use: the message names the fix, a stack trace would bury it.
    Console.Error.WriteLine($"Cannot start: {e.Message}");
    return 1;
}
