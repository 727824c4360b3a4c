using OrleansDtm.Storage.MySql;
using OrleansDtm.Storage.Postgres;
using OrleansDtm.Storage.Servers;
using OrleansDtm.Storage.Sqlite;

namespace OrleansDtm.Storage.Drivers;

/// <summary>The registry of drivers: the one place that lists them.</summary>
public sealed class StoreDrivers
{
    /// <summary>For <c>UseMySql</c>, which takes options of its own.</summary>
    public static ServerDriver MySql { get; } = new MySqlDriver();

    /// <summary>For <c>UsePostgres</c>, which takes options of its own.</summary>
    public static ServerDriver Postgres { get; } = new PostgresDriver();

    private static readonly Lazy<StoreDrivers> Registered = new(
        static () => new StoreDrivers([new SqliteDriver(), MySql, Postgres]));

    private readonly IReadOnlyList<StoreDriver> _drivers;

    /// <exception cref="StoreDriverException">A driver lacks a part, or two have the same name.</exception>
    internal StoreDrivers(IReadOnlyList<StoreDriver> drivers)
    {
        _drivers = drivers;
        var names = new HashSet<string>(StringComparer.Ordinal);
        if (drivers.SelectMany(NamesOf).FirstOrDefault(name => !names.Add(name)) is { } twice)
        {
            throw new StoreDriverException(
                $"Two store drivers have the name '{twice}'. Each driver needs its own. [ODTM2016]");
        }

        foreach (var driver in drivers)
        {
            var missing = driver.FindMissing().ToList();
            if (missing.Count > 0)
            {
                throw new StoreDriverException(
                    $"The store driver '{driver.Name}' is not complete. It lacks {string.Join(" and ", missing)}. "
                    + "Add what is missing, or remove the driver from StoreDrivers. [ODTM2016]");
            }
        }
    }

    /// <summary>All drivers, in the order in which messages list them.</summary>
    /// <exception cref="StoreDriverException">A driver lacks a part, or two have the same name.</exception>
    public static StoreDrivers All => Registered.Value;

    /// <summary>The names that Store:Driver accepts; the first one is the default.</summary>
    public IReadOnlyList<string> Names => [.. _drivers.Select(static d => d.Name)];

    /// <summary>Those that the import can read.</summary>
    public IReadOnlyList<string> DtmNames =>
        [.. _drivers.Where(static d => d.Dtm is not null).Select(static d => d.Name)];

    /// <param name="name">Its name or an alias, in lower case.</param>
    /// <exception cref="StoreDriverException">There is none.</exception>
    public StoreDriver Find(string name) => TryFind(name) ?? throw new StoreDriverException(
        $"There is no store driver '{name}'. Use one of {string.Join(", ", Names)}. [ODTM2016]");

    /// <param name="name">Its name or an alias, in lower case.</param>
    /// <returns>Null = there is none.</returns>
    public StoreDriver? TryFind(string name) =>
        _drivers.FirstOrDefault(d => NamesOf(d).Contains(name, StringComparer.Ordinal));

    private static IEnumerable<string> NamesOf(StoreDriver driver) => driver.Aliases.Prepend(driver.Name);
}
