namespace OrleansDtm.Server.Commands;

/// <summary>Runs the coordinator until it is stopped.</summary>
internal sealed class RunCommand : Command
{
    public override string Name => "run";

    public override string Summary => "run the coordinator";

    public override string Help => Configuration.Help.Text;

    public override async Task<int> Run(string[] args)
    {
        await using var app = CoordinatorApp.Build(args);
        await app.RunAsync();
        return 0;
    }
}
