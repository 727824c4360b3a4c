using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using OrleansDtm.Storage.Inspection;
using OrleansDtm.Storage.Servers;

namespace OrleansDtm.Storage.Drivers;

/// <summary>
/// Everything specific to one kind of database. Code outside the driver's folder asks the driver; it never compares
/// names of drivers.
/// </summary>
public abstract class StoreDriver
{
    /// <summary>The value of Store:Driver, and the folder of its schema below sql/.</summary>
    public abstract string Name { get; }

    /// <summary>Other names of the database, as they occur in URLs.</summary>
    public virtual IReadOnlyList<string> Aliases => [];

    /// <summary>
    /// The database is a file that one process owns: it has no connection string and cannot serve a cluster.
    /// </summary>
    public virtual bool IsFile => false;

    /// <summary>A database has schemas, so that Store:Schema can name one.</summary>
    public virtual bool HasSchemas => false;

    /// <summary>The tables of an Orleans cluster; null only if <see cref="IsFile"/>.</summary>
    public virtual ClusterTables? Cluster => null;

    /// <summary>How the import reads a DTM database of this kind; null = it cannot.</summary>
    public virtual DtmDialect? Dtm => null;

    /// <summary>Creates a store that is not open yet; it is an <see cref="IKeyValueStore"/> too.</summary>
    public abstract ITransactionStore Create(DatabaseOptions database, TimeProvider clock, ILoggerFactory loggers);

    /// <summary>Where the database is, without secrets.</summary>
    public abstract string Describe(DatabaseOptions database);

    /// <summary>Examines the database without changing it. Never throws for what it finds.</summary>
    public abstract Task<IReadOnlyList<Finding>> Inspect(
        DatabaseOptions database, TimeProvider clock, CancellationToken cancellationToken);

    /// <summary>The file or connection string that the settings describe.</summary>
    public abstract string PlaceOf(StoreAddress address);

    /// <summary>Settings that this driver cannot use.</summary>
    /// <param name="address">The settings of a single database.</param>
    /// <param name="shards">The places of several; empty = there is a single one.</param>
    public virtual IEnumerable<SettingProblem> FindProblems(StoreAddress address, IReadOnlyList<string> shards) => [];

    /// <summary>
    /// Why the client library refuses a place, without any of its values; null = it accepts the place.
    /// </summary>
    public virtual string? FindRefusal(string place) => null;

    /// <summary>Whether a place that is not refused names its database.</summary>
    public virtual bool NamesDatabase(string place) => true;

    /// <summary>
    /// The schema as SQL: all steps in order, each followed by the row that records it. The store accepts a database
    /// that was made from it. For an empty database; omit the steps that a database already has.
    /// </summary>
    /// <param name="applied">The time to record.</param>
    public string Schema(DateTimeOffset applied)
    {
        var text = new StringBuilder()
            .AppendLine($"-- OrleansDtm, schema for {Name}. For the coordinator's own, empty database.")
            .Append("create table if not exists dtm_schema ")
            .AppendLine($"(version bigint not null primary key, applied bigint not null){TableOptions};");
        foreach (var script in SchemaScripts.For(Name))
        {
            text.AppendLine().Append("-- ").AppendLine(script.Name).AppendLine(script.Sql.TrimEnd());
            text.Append("insert into dtm_schema (version, applied) values (")
                .AppendLine(CultureInfo.InvariantCulture, $"{script.Version}, {applied.ToUnixTimeMilliseconds()});");
            if (EndOfStep is { } end)
            {
                text.AppendLine(end);
            }
        }

        return text.ToString();
    }

    /// <summary>
    /// The tables of a cluster as SQL, which may run twice; null = there is no cluster on this database.
    /// </summary>
    public string? ClusterSchema => SchemaScripts.Other(Name, "orleans");

    /// <summary>The barrier table of a service's database; null = there is none for this database.</summary>
    public string? BarrierSchema => SchemaScripts.Other(Name, "barrier");

    /// <summary>Follows a table in its definition.</summary>
    private protected virtual string TableOptions => "";

    /// <summary>Follows each step of the printed schema; null = nothing.</summary>
    private protected virtual string? EndOfStep => null;

    /// <summary>The parts that every driver must have and this one has not.</summary>
    internal IEnumerable<string> FindMissing()
    {
        if (SchemaScripts.For(Name).Count == 0)
        {
            yield return $"the schema scripts sql/{Name}/NNNN_name.sql";
        }

        if (BarrierSchema is null)
        {
            yield return $"the barrier table sql/{Name}/barrier.sql";
        }

        if (!IsFile && Cluster is null)
        {
            yield return "the cluster tables (StoreDriver.Cluster)";
        }

        if (!IsFile && ClusterSchema is null)
        {
            yield return $"the script of the cluster tables sql/{Name}/orleans.sql";
        }
    }
}
