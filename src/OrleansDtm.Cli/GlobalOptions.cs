using System.CommandLine;
using OrleansDtm.Cli.Commands;

namespace OrleansDtm.Cli;

/// <summary>The options of all commands.</summary>
internal sealed class GlobalOptions
{
    public const string Json = "json";

    private const string Table = "table";

    public GlobalOptions()
    {
        Output.OneOf(Table, Json);
        Timeout.Recursive = true;
    }

    public Option<string?> Server { get; } = new("--server", "-s")
    {
        Description = $"URL of the coordinator's HTTP port; default: {Session.ServerVariable}, or "
            + "http://localhost:36789",
        HelpName = "URL",
        Recursive = true,
    };

    public Option<string> Output { get; } = new("--output", "-o")
    {
        Description = "table for people, json for programs",
        DefaultValueFactory = static _ => Table,
        Recursive = true,
    };

    public Option<string?> KeyFile { get; } = new("--key-file")
    {
        Description = $"file with a key or token; default: {Api.Credential.KeyVariable} or "
            + $"{Api.Credential.TokenVariable}",
        HelpName = "FILE",
        Recursive = true,
    };

    public Option<string?> Namespace { get; } = new("--namespace")
    {
        Description = $"namespace of gids and topics; default: {Session.NamespaceVariable}, or that of the key",
        HelpName = "NAME",
        Recursive = true,
    };

    public Option<double> Timeout { get; } = Given.Seconds(
        "--timeout", "timeout of a request in seconds", 30, 0.001, 3600);

    public Option<bool> Yes { get; } = new("--yes", "-y")
    {
        Description = "do not ask before a change that cannot be undone",
        Recursive = true,
    };

    public IEnumerable<Option> All => [Server, Output, KeyFile, Namespace, Timeout, Yes];
}
