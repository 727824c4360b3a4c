using System.Data.Common;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using OrleansDtm.Server.Apis;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Storage;
using OrleansDtm.Storage.Drivers;

namespace OrleansDtm.Server.Commands;

/// <summary>Selects the command, and converts errors to messages and exit codes.</summary>
/// <param name="commands">The first one is the default.</param>
internal sealed class CommandLine(params Command[] commands)
{
    /// <summary>The command failed, at least partly.</summary>
    public const int Failed = 1;

    /// <summary>Nothing was done: the command line or the configuration is invalid.</summary>
    public const int Misused = 2;

    public async Task<int> Run(string[] args)
    {
        var isNamed = args.Length > 0 && !args[0].StartsWith('-');
        var command = isNamed ? commands.FirstOrDefault(c => c.Name == args[0]) : commands[0];
        if (command is null)
        {
            Console.Error.WriteLine($"'{args[0]}' is not a command.{Environment.NewLine}{List()}");
            return Misused;
        }

        var rest = isNamed ? args[1..] : args;
        if (rest is ["-h" or "--help"])
        {
            Console.WriteLine(
                isNamed ? command.Help : $"{Overview}{Environment.NewLine}{List()}{Environment.NewLine}{command.Help}");
            return 0;
        }

        if (rest is ["-v" or "--version"])
        {
            Console.WriteLine(HttpApi.Version);
            return 0;
        }

        return await Run(command, rest);
    }

    private const string Overview = """
        OrleansDtm: a distributed transaction coordinator that speaks DTM's protocol.

        """;

    private static async Task<int> Run(Command command, string[] args)
    {
        try
        {
            return await command.Run(args);
        }
        catch (UsageException e)
        {
            Console.Error.WriteLine(
                $"{e.Message}{Environment.NewLine}'{command.Name} --help' explains the arguments. [ODTM1002]");
            return Misused;
        }
        catch (SettingsException e) when (e.IsRefusedByDriver)
        {
            Console.Error.WriteLine($"Cannot {(command.Name == "run" ? "start" : command.Name)}: "
                + $"{string.Join(" ", e.Problems)} [ODTM1001]");
            return Failed;
        }
        catch (SettingsException e)
        {
            Console.Error.WriteLine("The configuration is invalid: [ODTM1001]");
            foreach (var problem in e.Problems)
            {
                Console.Error.WriteLine($"  {problem}");
            }

            return Misused;
        }
        catch (Exception e)
            when (e is StoreDriverException or StoreSchemaException or StoreUnavailableException or IOException
                or SocketException or DbException or InvalidDataException or UnauthorizedAccessException)
        {
            // Expected failures, such as a locked store, a newer schema or a port in use. The message has the solution,
            // so no stack trace.
            Console.Error.WriteLine(
                $"Cannot {(command.Name == "run" ? "start" : command.Name)}: {e.Message}{AboutPort(e)}");
            return Failed;
        }
    }

    private static string AboutPort(Exception e) =>
        e.InnerException is AddressInUseException
            || e is SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse }
            ? " Stop the other process, or set HttpPort, GrpcPort or Cluster:SiloPort to a free port. [ODTM1003]"
            : "";

    private string List() => string.Join(
        Environment.NewLine,
        commands.Select((c, i) => $"  {c.Name,-12} {c.Summary}{(i == 0 ? " (default)" : "")}")
            .Prepend("Commands; each has --help:")
            .Append(""));
}
