using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using OrleansDtm.Server.Apis;
using OrleansDtm.Server.Configuration;

namespace OrleansDtm.Server.Commands;

/// <summary>The commands as System.CommandLine knows them.</summary>
internal sealed class CommandTree
{
    private const string Overview =
        "OrleansDtm: a distributed transaction coordinator that speaks DTM's protocol. Without a command it runs.";

    private static readonly ParserConfiguration Configuration = new()
    {
        // A value may start with @, and -c is never several options in one.
        ResponseFileTokenReplacer = null,
        EnablePosixBundling = false,
    };

    private readonly RootCommand _root = new(Overview);
    private readonly Dictionary<Command, ProgramCommand> _commands = [];
    private readonly List<Argument<string[]>> _settings = [];

    private readonly Option<string?> _file = new("--config", "-c")
    {
        Description = "DTM's conf.yml",
        HelpName = "FILE",
        Recursive = true,
    };

    /// <param name="commands">The first one is the default.</param>
    public CommandTree(IReadOnlyList<ProgramCommand> commands)
    {
        foreach (var version in _root.Options.OfType<VersionOption>().ToList())
        {
            _root.Options.Remove(version);
        }

        _root.Options.Add(_file);
        _root.Options.Add(new Option<bool>("--version", "-v")
        {
            Description = "print the version",
            Recursive = true,
            Action = new PrintVersion(),
        });
        foreach (var help in _root.Options.OfType<HelpOption>())
        {
            help.Action = new PrintHelp((HelpAction)help.Action!, _commands);
        }

        Add(_root, commands[0]);
        foreach (var command in commands)
        {
            var subcommand = new Command(command.Name, command.Summary);
            Add(subcommand, command);
            _root.Subcommands.Add(subcommand);
        }
    }

    public ParseResult Parse(string[] args) => _root.Parse([.. Joined(args)], Configuration);

    public ProgramCommand CommandOf(ParseResult parsed) => _commands[parsed.CommandResult.Command];

    /// <summary>The settings before and after the command, in this order.</summary>
    public string[] SettingsOf(ParseResult parsed)
    {
        string[] file = parsed.GetValue(_file) is { } name ? ["-c", name] : [];
        return [.. file, .. _settings.SelectMany(settings => parsed.GetValue(settings) ?? [])];
    }

    private void Add(Command symbol, ProgramCommand command)
    {
        _commands[symbol] = command;
        foreach (var option in command.Options)
        {
            symbol.Options.Add(option);
        }

        if (command.HasSettings)
        {
            var settings = new Argument<string[]>("settings")
            {
                Description = "such as --HttpPort=8080; 'run --help' lists them",
                Arity = ArgumentArity.ZeroOrMore,
            };
            symbol.Arguments.Add(settings);
            _settings.Add(settings);
        }

        symbol.SetAction((parsed, _) => command.Run(parsed, SettingsOf(parsed)));
    }

    /// <summary>
    /// Writes "--Store:Db import" as "--Store:Db=import": the value of a setting may be the name of a command.
    /// </summary>
    private static IEnumerable<string> Joined(string[] args)
    {
        for (var i = 0; i < args.Length; i++)
        {
            yield return i + 1 < args.Length && !args[i].Contains('=') && SettingsLoader.IsSetting(args[i])
                ? $"{args[i]}={args[++i]}"
                : args[i];
        }
    }

    private sealed class PrintVersion : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            parseResult.InvocationConfiguration.Output.WriteLine(HttpApi.Version);
            return 0;
        }
    }

    /// <summary>The help of System.CommandLine, with the whole explanation of a command.</summary>
    private sealed class PrintHelp(HelpAction standard, Dictionary<Command, ProgramCommand> commands)
        : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            var symbol = parseResult.CommandResult.Command;
            var command = commands[symbol];
            if (symbol is not RootCommand)
            {
                symbol.Description = command.Explanation; // The summary is for the list of commands.
            }

            var code = standard.Invoke(parseResult);
            if (command.Notes.Length > 0)
            {
                parseResult.InvocationConfiguration.Output.WriteLine(command.Notes);
            }

            return code;
        }
    }
}
