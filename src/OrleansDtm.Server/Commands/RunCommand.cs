using System.CommandLine;
using OrleansDtm.Server.Checks;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Storage.Inspection;

namespace OrleansDtm.Server.Commands;

/// <summary>Runs the coordinator until it is stopped.</summary>
internal sealed class RunCommand : ProgramCommand
{
    public override string Name => "run";

    public override string Summary => "run the coordinator";

    public override string Explanation => "Runs the coordinator until SIGTERM or Ctrl+C.";

    public override string Notes => Help.Text;

    public override async Task<int> Run(ParseResult parsed, string[] settings)
    {
        var options = SettingsLoader.Load(settings);
        CheckPorts(options);
        await using var app = CoordinatorApp.Build(options);
        await app.RunAsync();
        return 0;
    }

    /// <summary>
    /// Before anything else starts: the web server opens its ports last, and a silo that must stop at once logs a lot.
    /// </summary>
    private static void CheckPorts(CoordinatorOptions options)
    {
        SecuritySettings.CheckBind(options);
        var problems = PortChecks.Ports(options).Where(static f => f.Kind == FindingKind.Problem)
            .Select(static f => f.Text).ToList();
        if (problems.Count > 0)
        {
            throw new IOException($"{string.Join(". ", problems)}. [ODTM1003]");
        }
    }
}
