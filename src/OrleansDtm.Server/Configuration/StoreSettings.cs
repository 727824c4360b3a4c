using System.Globalization;

namespace OrleansDtm.Server.Configuration;

/// <summary>Reads the settings below Store.</summary>
internal static class StoreSettings
{
    private const string Sqlite = "sqlite";
    private const string ConnectionString = "Store:ConnectionString";

    /// <summary>What a connection string says as a whole.</summary>
    private static readonly string[] PartsOfIt = ["Store:Host", "Store:Port", "Store:User", "Store:Password", "Store:Db"];

    public static StoreOptions Read(SettingsReader read, StoreOptions defaults)
    {
        var options = new StoreOptions
        {
            Driver = read.Choice("Store:Driver", defaults.Driver, Sqlite, "mysql", "postgres"),
            Path = read.Text("Store:Path", defaults.Path),
            ConnectionString = read.Text(ConnectionString, ""),
            Host = read.Text("Store:Host", defaults.Host),
            Port = read.Whole("Store:Port", 0, 0, 65535),
            User = read.Text("Store:User", ""),
            Password = read.Text("Store:Password", ""),
            Db = read.Text("Store:Db", defaults.Db),
            Schema = read.Text("Store:Schema", ""),
            MaxOpenConns = read.Whole("Store:MaxOpenConns", defaults.MaxOpenConns, 2, 10_000),
            MaxIdleConns = read.Whole("Store:MaxIdleConns", defaults.MaxIdleConns, 0, 10_000),
            ConnMaxLifeTime = TimeSpan.FromMinutes(read.Whole("Store:ConnMaxLifeTime", 0, 0, 527_040)),
        };
        Check(read, options);
        return options;
    }

    private static void Check(SettingsReader read, StoreOptions options)
    {
        if (options.Driver == Sqlite)
        {
            if (options.User.Length > 0 || options.Password.Length > 0)
            {
                read.Problem(
                    "Store:Driver", options.Driver, "a database with users; remove Store:User and Store:Password, SQLite has neither");
            }

            if (options.ConnectionString.Length > 0)
            {
                read.Problem("Store:Driver", options.Driver, "a database server: add Store:Driver=mysql or postgres, or name a file with Store:Path");
            }

            return;
        }

        // No value is repeated below: each may be or hold a password.
        if (options.ConnectionString.Length > 0)
        {
            foreach (var part in PartsOfIt.Where(p => read.Text(p, "").Length > 0))
            {
                read.Problem(part, "...", string.Create(CultureInfo.InvariantCulture, $"wanted beside {ConnectionString}, which says it: remove one of the two"));
            }
        }

        if (Hosting.StoreFactory.FindProblem(options) is { } problem)
        {
            read.Problem(ConnectionString, "...", problem);
        }
    }
}
