using System.CommandLine;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Storage.Drivers;

namespace OrleansDtm.Server.Commands;

/// <summary>Prints the SQL that the store applies itself.</summary>
internal sealed class SchemaCommand : ProgramCommand
{
    private readonly Option<string?> _driver = Value(
        "--driver", string.Join('|', StoreDrivers.All.Names), "the database; default: Store:Driver");

    private readonly Option<bool> _cluster = Flag(
        "--cluster", "the tables of Cluster:Mode=AdoNet and Kubernetes: members, reminders, grain state");

    private readonly Option<bool> _barrier = Flag(
        "--barrier", "the barrier table, for the databases of your services");

    public override string Name => "schema";

    public override string Summary => "print the SQL of the tables, to create them manually";

    public override string Explanation => """
        Prints the SQL that the coordinator applies to an empty database at the start, including its schema version. The
        coordinator then uses the database with a user who may not change tables. Names have no schema, so set
        PostgreSQL's search_path before.
        """;

    public override IReadOnlyList<Option> Options => [_driver, _cluster, _barrier];

    public override Task<int> Run(ParseResult parsed, string[] settings)
    {
        var name = parsed.GetValue(_driver) ?? SettingsLoader.Load(settings).Store.Driver;
        var driver = StoreDrivers.All.TryFind(name) ?? throw new UsageException(
            $"--driver: '{name}' has no schema; write one of {string.Join(", ", StoreDrivers.All.Names)}.");
        var text = parsed.GetValue(_cluster)
            ? driver.ClusterSchema
                ?? throw new UsageException($"--cluster: clusters are not possible with {driver.Name}.")
            : parsed.GetValue(_barrier)
            ? driver.BarrierSchema ?? throw new UsageException($"--barrier: {driver.Name} has no barrier table.")
            : driver.Schema(TimeProvider.System.GetUtcNow());
        Console.Write(text);
        return Task.FromResult(0);
    }
}
