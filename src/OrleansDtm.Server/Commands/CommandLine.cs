using System.CommandLine;
using System.CommandLine.Invocation;
using System.Data.Common;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using OrleansDtm.CommandLines;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Storage;
using OrleansDtm.Storage.Drivers;

namespace OrleansDtm.Server.Commands;

/// <summary>Selects the command, and converts errors to messages and exit codes.</summary>
/// <param name="commands">The first one is the default.</param>
internal sealed class CommandLine(params ProgramCommand[] commands)
{
    /// <summary>The command failed, at least partly.</summary>
    public const int Failed = 1;

    /// <summary>Nothing was done: the command line or the configuration is invalid.</summary>
    public const int Misused = 2;

    private readonly CommandTree _tree = new(commands);

    /// <summary>Where messages about errors are written.</summary>
    public TextWriter Errors { get; init; } = Console.Error;

    public async Task<int> Run(string[] args)
    {
        var parsed = _tree.Parse(args);
        var name = _tree.CommandOf(parsed).Name;
        try
        {
            Check(parsed);
            return await parsed.InvokeAsync(new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null, // The host and the import handle signals.
            });
        }
        catch (UsageException e)
        {
            var help = parsed.CommandResult.Command is RootCommand ? "--help" : $"{name} --help";
            var separator = e.Message.Contains('\n') ? Environment.NewLine : " ";
            Errors.WriteLine($"{e.Message}{separator}'{help}' explains the arguments. [ODTM1002]");
            return Misused;
        }
        catch (SettingsException e) when (e.IsRefusedByDriver)
        {
            Errors.WriteLine($"Cannot {Verb(name)}: {string.Join(" ", e.Problems)} [ODTM1001]");
            return Failed;
        }
        catch (SettingsException e) when (e.Problems is [var only])
        {
            Errors.WriteLine($"Cannot {Verb(name)}: {only}{(only.EndsWith(']') ? "" : " [ODTM1001]")}");
            return Misused;
        }
        catch (SettingsException e)
        {
            Errors.WriteLine("The configuration is invalid: [ODTM1001]");
            foreach (var problem in e.Problems)
            {
                Errors.WriteLine($"  {problem}");
            }

            return Misused;
        }
        catch (Exception e)
            when (e is StoreDriverException or StoreSchemaException or StoreUnavailableException or IOException
                or SocketException or DbException or InvalidDataException or UnauthorizedAccessException)
        {
            // Expected failures, such as a locked store, a newer schema or a port in use. The message has the solution,
            // so no stack trace.
            Errors.WriteLine($"Cannot {Verb(name)}: {e.Message.ReplaceLineEndings(" ")}{AboutPort(e)}{AboutStore(e)}");
            return Failed;
        }
    }

    /// <exception cref="UsageException">The command line is invalid.</exception>
    public void Check(string[] args) => Check(_tree.Parse(args));

    private void Check(ParseResult parsed)
    {
        if (FindStray(_tree.SettingsOf(parsed)) is { } stray)
        {
            throw parsed.CommandResult.Command is RootCommand
                ? new UsageException(HintSetting(stray) is { Length: > 0 } hint
                    ? $"'{stray}' is not a command.{hint}"
                    : $"'{stray}' is not a command."
                        + $"{Nearest.Hint(stray, commands.Select(static c => c.Name))}{Environment.NewLine}{List()}")
                : new UsageException($"'{stray}' is not an argument.{HintSetting(stray)}");
        }

        if (parsed.Action is ParseErrorAction)
        {
            throw new UsageException(parsed.UnmatchedTokens is [var unknown, ..]
                ? $"'{unknown.Split('=')[0]}' is not an argument.{HintOption(parsed, unknown)}"
                : string.Join(" ", parsed.Errors.Select(static e => e.Message).Distinct()));
        }

        // The name of an unknown setting that is nearly an option of the command.
        foreach (var name in _tree.SettingsOf(parsed).Where(static s => s.StartsWith("--", StringComparison.Ordinal))
            .Select(static s => s.Split('=')[0]))
        {
            if (!SettingsLoader.IsSetting(name) && HintOption(parsed, name) is { Length: > 0 } hint)
            {
                throw new UsageException($"'{name}' is not an argument.{hint}");
            }
        }
    }

    private static string HintOption(ParseResult parsed, string given) => Nearest.Hint(
        given.Split('=')[0], parsed.CommandResult.Command.Options.SelectMany(static o => o.Aliases.Prepend(o.Name)));

    /// <summary>A setting without its hyphens.</summary>
    private static string HintSetting(string stray) =>
        stray.Contains('=') && SettingsLoader.IsSetting($"--{stray.Split('=')[0]}") ? $" Did you mean --{stray}?" : "";

    /// <summary>A word that is neither a setting nor the value of one; null = none.</summary>
    private static string? FindStray(string[] settings)
    {
        for (var i = 0; i < settings.Length; i++)
        {
            if (!settings[i].StartsWith('-'))
            {
                return settings[i];
            }

            if (!settings[i].Contains('='))
            {
                i++; // Its value.
            }
        }

        return null;
    }

    private static string Verb(string command) => command == "run" ? "start" : command;

    private static string AboutPort(Exception e) =>
        e.InnerException is AddressInUseException
            || e is SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse }
            ? " Stop the other process, or set HttpPort, GrpcPort or Cluster:SiloPort to a free port. [ODTM1003]"
            : "";

    private static string AboutStore(Exception e) => e is StoreUnavailableException
        ? " 'check-config' with the same settings examines it."
        : "";

    private string List() => string.Join(
        Environment.NewLine,
        commands.Select((c, i) => $"  {c.Name,-13} {c.Summary}{(i == 0 ? " (default)" : "")}")
            .Prepend("Commands; each has --help:"));
}
