using System.Data.Common;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using OrleansDtm.Server.Apis;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Storage;
using OrleansDtm.Storage.Drivers;

namespace OrleansDtm.Server.Commands;

/// <summary>Finds the command that is meant and turns what went wrong into words and an exit code.</summary>
/// <param name="commands">The first one is meant when none is named.</param>
internal sealed class CommandLine(params Command[] commands)
{
    /// <summary>It did not work, or not entirely.</summary>
    public const int Failed = 1;

    /// <summary>Nothing was done: the command line or the configuration is wrong.</summary>
    public const int Misused = 2;

    public async Task<int> Run(string[] args)
    {
        var isNamed = args.Length > 0 && !args[0].StartsWith('-');
        var command = isNamed ? commands.FirstOrDefault(c => c.Name == args[0]) : commands[0];
        if (command is null)
        {
            Console.Error.WriteLine($"'{args[0]}' is no command.{Environment.NewLine}{List()}");
            return Misused;
        }

        var rest = isNamed ? args[1..] : args;
        if (rest is ["-h" or "--help"])
        {
            Console.WriteLine(isNamed ? command.Help : $"{Overview}{Environment.NewLine}{List()}{Environment.NewLine}{command.Help}");
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
            Console.Error.WriteLine($"{e.Message}{Environment.NewLine}'{command.Name} --help' explains the arguments. [ODTM1002]");
            return Misused;
        }
        catch (SettingsException e) when (e.IsRefusedByDriver)
        {
            Console.Error.WriteLine($"Cannot {(command.Name == "run" ? "start" : command.Name)}: {string.Join(" ", e.Problems)} [ODTM1001]");
            return Failed;
        }
        catch (SettingsException e)
        {
            Console.Error.WriteLine("The configuration cannot be used: [ODTM1001]");
            foreach (var problem in e.Problems)
            {
                Console.Error.WriteLine($"  {problem}");
            }

            return Misused;
        }
        catch (Exception e) when (e is StoreDriverException or StoreSchemaException or StoreUnavailableException or IOException
            or SocketException or DbException or InvalidDataException or UnauthorizedAccessException)
        {
            // A store that is locked or newer than we are, or a port in use: the message names the fix, a stack trace would bury it.
            Console.Error.WriteLine($"Cannot {(command.Name == "run" ? "start" : command.Name)}: {e.Message}{AboutPort(e)}");
            return Failed;
        }
    }

    private static string AboutPort(Exception e) =>
        e.InnerException is AddressInUseException || e is SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse }
            ? " Stop who listens there, or choose another port with HttpPort, GrpcPort or Cluster:SiloPort. [ODTM1003]"
            : "";

    private string List() => string.Join(
        Environment.NewLine,
        commands.Select((c, i) => $"  {c.Name,-12} {c.Summary}{(i == 0 ? " (when no command is named)" : "")}").Prepend("Commands; each has --help:").Append(""));
}
