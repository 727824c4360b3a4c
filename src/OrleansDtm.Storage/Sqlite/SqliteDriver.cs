using Microsoft.Extensions.Logging;
using OrleansDtm.Storage.Drivers;
using OrleansDtm.Storage.Inspection;

namespace OrleansDtm.Storage.Sqlite;

/// <summary>A SQLite file, which one process owns.</summary>
internal sealed class SqliteDriver : StoreDriver
{
    internal const string DriverName = "sqlite";

    public override string Name => DriverName;

    public override bool IsFile => true;

    public override ITransactionStore Create(DatabaseOptions database, TimeProvider clock, ILoggerFactory loggers) =>
        new SqliteTransactionStore(Options(database), clock, loggers.CreateLogger<SqliteTransactionStore>());

    public override string Describe(DatabaseOptions database) => Path.GetFullPath(database.Place);

    public override Task<IReadOnlyList<Finding>> Inspect(
        DatabaseOptions database, TimeProvider clock, CancellationToken cancellationToken) =>
        Task.Run(() => SqliteInspection.Look(Options(database)), cancellationToken);

    public override string PlaceOf(StoreAddress address) => address.Path;

    public override IEnumerable<SettingProblem> FindProblems(StoreAddress address, IReadOnlyList<string> shards)
    {
        if (address.User.Length > 0 || address.Password.Length > 0)
        {
            yield return new SettingProblem(
                "Store:Driver", Name, "a database with users; remove Store:User and Store:Password, SQLite has "
                    + "neither");
        }

        if (address.ConnectionString.Length > 0)
        {
            yield return new SettingProblem(
                "Store:Driver",
                Name,
                "a database server: set Store:Driver to the database of Store:ConnectionString, or name a file with "
                + "Store:Path");
        }

        foreach (var path in shards.Append(address.Path).Where(IsNoPath))
        {
            yield return new SettingProblem(
                path == address.Path ? "Store:Path" : "Store:Shards",
                path,
                "the path of a file: a connection string (the store sets Cache, Mode and the like itself), a URI "
                + "and a database in memory cannot be used");
        }
    }

    private static SqliteStoreOptions Options(DatabaseOptions database) =>
        new() { Path = database.Place, ReadOnly = database.ReadOnly, GroupCommit = database.GroupCommit };

    /// <summary>SQLite would treat it as the name of a file.</summary>
    private static bool IsNoPath(string path) =>
        path.StartsWith("file:", StringComparison.OrdinalIgnoreCase)
        || ((string[])[":memory:", "Data Source=", "DataSource=", "Filename="])
            .Any(part => path.Contains(part, StringComparison.OrdinalIgnoreCase));
}
