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

        Prints to standard output what the coordinator applies to its database at the start, in order, with its notes of
        what was applied: a database made from it is taken as it is, by a user who may not change tables. For an empty
        database; the names are without a schema, so set PostgreSQL's search_path before.

          --driver NAME   which database; without it, the one of Store:Driver
          --cluster       the tables of Cluster:Mode=AdoNet and Kubernetes instead: members, reminders, grain state
          --barrier       the table for barriers instead, which belongs into the databases of your services

        Settings such as -c conf.yml may follow; 'run --help' lists them.
        """;

    public override Task<int> Run(string[] args)
    {
        var arguments = Arguments.Parse(args, ["--driver"], ["--cluster", "--barrier"]);
        var name = arguments.Values.GetValueOrDefault("--driver") ?? SettingsLoader.Load(arguments.Settings).Store.Driver;
        var driver = StoreDrivers.All.TryFind(name) ?? throw new UsageException(
            $"--driver: '{name}' has no schema; write one of {string.Join(", ", StoreDrivers.All.Names)}.");
        var text = arguments.Flags.Contains("--cluster")
            ? driver.ClusterSchema ?? throw new UsageException($"--cluster: clusters are not possible with {driver.Name}.")
            : arguments.Flags.Contains("--barrier")
            ? driver.BarrierSchema ?? throw new UsageException($"--barrier: {driver.Name} has no barrier table.")
            : driver.Schema(TimeProvider.System.GetUtcNow());
        Console.Write(text);
        return Task.FromResult(0);
    }
}
