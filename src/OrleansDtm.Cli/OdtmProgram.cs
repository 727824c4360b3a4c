using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Reflection;
using OrleansDtm.Cli.Commands;
using OrleansDtm.Cli.Output;
using OrleansDtm.CommandLines;

namespace OrleansDtm.Cli;

/// <summary>Parses the command line, runs the command, and converts errors to one line and an exit code.</summary>
internal static class OdtmProgram
{
    /// <summary>The exit code of an interrupted program in a shell.</summary>
    private const int Interrupted = 130;

    private const string Overview = """
        The command line of operators of an OrleansDtm coordinator.

        Exit codes: 0 = done, 1 = failed, 2 = the command line is invalid, 3 = there is no such transaction, branch or
        topic, 4 = refused (401, 403), 5 = the coordinator cannot be reached or is busy.
        """;

    public static string Version { get; } =
        typeof(OdtmProgram).Assembly.GetCustomAttribute<
            AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";

    /// <summary>A gid or a reason may start with @: it is never the name of a file with arguments.</summary>
    private static readonly ParserConfiguration Configuration = new()
    {
        ResponseFileTokenReplacer = null,
        EnablePosixBundling = false,
    };

    /// <param name="args">The command line.</param>
    /// <param name="terminal">Where it reads and writes.</param>
    /// <param name="cancel">Like Ctrl+C.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> Run(string[] args, Terminal terminal, CancellationToken cancel)
    {
        var parsed = Build(terminal).Parse(args, Configuration);
        var invocation = new InvocationConfiguration
        {
            Output = terminal.Out,
            Error = terminal.Error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = TimeSpan.FromSeconds(2),
        };
        if (parsed.Action is ParseErrorAction)
        {
            if (args.Length > 0)
            {
                return Explain(parsed, terminal.Error);
            }

            // Without a command, the list of commands is the answer.
            await Build(terminal).Parse("--help", Configuration).InvokeAsync(invocation, cancel);
            return ExitCodes.Misused;
        }

        try
        {
            return await parsed.InvokeAsync(invocation, cancel);
        }
        catch (OdtmException e)
        {
            await terminal.Error.WriteLineAsync(Words.Clean(e.Message));
            return e.ExitCode;
        }
        catch (OperationCanceledException)
        {
            return Interrupted;
        }
        catch (IOException e)
        {
            // The reader of a pipe has ended, or the disk of --out is full.
            await terminal.Error.WriteLineAsync($"Cannot write the output: {e.Message}");
            return ExitCodes.Failed;
        }
    }

    private static RootCommand Build(Terminal terminal)
    {
        var options = new GlobalOptions();
        var root = new RootCommand(Overview);
        foreach (var option in options.All)
        {
            root.Options.Add(option);
        }

        foreach (var version in root.Options.OfType<VersionOption>())
        {
            version.Action = new PrintVersion();
        }

        OdtmCommand[] commands =
        [
            new ListCommand(), new ShowCommand(), new WatchCommand(), new RetryCommand(), new ForceStopCommand(),
            new ResolveCommand(), new BatchCommand(), new TopicsCommand(), new AuditCommand(), new ExportCommand(),
            new BenchCommand(),
        ];
        foreach (var command in commands)
        {
            root.Subcommands.Add(command.Build(options, terminal));
        }

        RefuseOptionsAsValues(root);
        return root;
    }

    /// <summary>System.CommandLine would take <c>--yes</c> in <c>--reason --yes</c> as the reason.</summary>
    private static void RefuseOptionsAsValues(Command command)
    {
        foreach (var option in command.Options.Where(static o => o.ValueType == typeof(string)))
        {
            option.Validators.Add(result =>
            {
                if (result.Tokens.Any(static t => t.Value.StartsWith("--", StringComparison.Ordinal)))
                {
                    result.AddError($"{option.Name}: a value is missing.");
                }
            });
        }

        foreach (var subcommand in command.Subcommands)
        {
            RefuseOptionsAsValues(subcommand);
        }
    }

    /// <summary>Says what is wrong, and names the nearest command or option.</summary>
    private static int Explain(ParseResult parsed, TextWriter errors)
    {
        var command = parsed.CommandResult.Command;
        string[] known =
        [
            .. command.Subcommands.Select(static c => c.Name),
            .. Options(parsed.CommandResult).SelectMany(static o => o.Aliases.Prepend(o.Name)),
        ];

        // What follows an unknown word may be its value, and a missing command is not the mistake then.
        var unknown = parsed.UnmatchedTokens.Count > 0 ? parsed.UnmatchedTokens[0].Split('=')[0] : null;
        errors.WriteLine(Words.Clean(unknown is null
            ? string.Join(" ", parsed.Errors.Select(static e => e.Message).Distinct())
            : $"'{unknown}' is not {(command.Subcommands.Count > 0 ? "a command" : "an argument")} here."
                + Nearest.Hint(unknown, known)));
        var name = command is RootCommand ? "odtm" : $"odtm {command.Name}";
        errors.WriteLine($"'{name} --help' explains the arguments.");
        return ExitCodes.Misused;
    }

    private static IEnumerable<Option> Options(CommandResult result) =>
        result.Command.Options.Concat(
            result.Parent is CommandResult parent ? Options(parent).Where(static o => o.Recursive) : []);

    private sealed class PrintVersion : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            parseResult.InvocationConfiguration.Output.WriteLine(Version);
            return ExitCodes.Done;
        }
    }
}
