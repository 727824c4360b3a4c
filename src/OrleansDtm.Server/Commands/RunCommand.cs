using System.CommandLine;

namespace OrleansDtm.Server.Commands;

/// <summary>Runs the coordinator until it is stopped.</summary>
internal sealed class RunCommand : ProgramCommand
{
    public override string Name => "run";

    public override string Summary => "run the coordinator";

    public override string Explanation => "Runs the coordinator until SIGTERM or Ctrl+C.";

    public override string Notes => Configuration.Help.Text;

    public override async Task<int> Run(ParseResult parsed, string[] settings)
    {
        await using var app = CoordinatorApp.Build(settings);
        await app.RunAsync();
        return 0;
    }
}
