using OrleansDtm.Server.Configuration;
using OrleansDtm.Storage.Drivers;

namespace OrleansDtm.Server.Commands;

/// <summary>Prints the SQL that the store applies itself.</summary>
internal sealed class SchemaCommand : Command
{
    public override string Name => "schema";

    public override string Summary => "print the SQL of the tables, to create them manually";

    public override string Help => $"""
        usage: OrleansDtm.Server schema [--driver {string.Join('|', StoreDrivers.All.Names)}] [--cluster | --barrier]

        Prints the SQL that the coordinator applies to an empty database at the start, including its schema version. The
        coordinator then uses the database with a user who may not change tables. Names have no schema, so set
        PostgreSQL's search_path before.

          --driver NAME   the database; default: Store:Driver
          --cluster       the tables of Cluster:Mode=AdoNet and Kubernetes: members, reminders, grain state
          --barrier       the barrier table, for the databases of your services

        Settings such as -c conf.yml may follow; 'run --help' lists them.
        """;

    public override Task<int> Run(string[] args)
    {
        var arguments = Arguments.Parse(args, ["--driver"], ["--cluster", "--barrier"]);
        var name = arguments.Values.GetValueOrDefault("--driver")
            ?? SettingsLoader.Load(arguments.Settings).Store.Driver;
        var driver = StoreDrivers.All.TryFind(name) ?? throw new UsageException(
            $"--driver: '{name}' has no schema; write one of {string.Join(", ", StoreDrivers.All.Names)}.");
        var text = arguments.Flags.Contains("--cluster")
            ? driver.ClusterSchema
                ?? throw new UsageException($"--cluster: clusters are not possible with {driver.Name}.")
            : arguments.Flags.Contains("--barrier")
            ? driver.BarrierSchema ?? throw new UsageException($"--barrier: {driver.Name} has no barrier table.")
            : driver.Schema(TimeProvider.System.GetUtcNow());
        Console.Write(text);
        return Task.FromResult(0);
    }
}
