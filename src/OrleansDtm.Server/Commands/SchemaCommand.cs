using OrleansDtm.Server.Configuration;
using OrleansDtm.Storage;

namespace OrleansDtm.Server.Commands;

/// <summary>Prints the SQL that the store would apply by itself.</summary>
internal sealed class SchemaCommand : Command
{
    public override string Name => "schema";

    public override string Summary => "print the SQL of the tables, for those who create them by hand";

    public override string Help => $"""
        usage: OrleansDtm.Server schema [--driver {string.Join('|', SchemaText.Dialects)}] [--barrier]

        Prints to standard output what the coordinator applies to its database at the start, in order, with its notes of
        what was applied: a database made from it is taken as it is, by a user who may not change tables. For an empty
        database; the names are without a schema, so set PostgreSQL's search_path before.

          --driver NAME   which database; without it, the one of Store:Driver
          --barrier       the table for barriers instead, which belongs into the databases of your services

        Settings such as -c conf.yml may follow; 'run --help' lists them.
        """;

    public override Task<int> Run(string[] args)
    {
        var arguments = Arguments.Parse(args, ["--driver"], ["--barrier"]);
        var driver = arguments.Values.GetValueOrDefault("--driver") ?? SettingsLoader.Load(arguments.Settings).Store.Driver;
        if (!SchemaText.Dialects.Contains(driver))
        {
            throw new UsageException($"--driver: there is no schema for '{driver}'; write one of {string.Join(", ", SchemaText.Dialects)}.");
        }

        var text = arguments.Flags.Contains("--barrier")
            ? SchemaText.BarrierOf(driver) ?? throw new UsageException($"--barrier: there is no table for barriers in {driver}.")
            : SchemaText.Of(driver, TimeProvider.System.GetUtcNow());
        Console.Write(text);
        return Task.FromResult(0);
    }
}
