using System.Globalization;
using OrleansDtm.Server.Hosting;
using OrleansDtm.Storage.Drivers;

namespace OrleansDtm.Server.Configuration;

/// <summary>Reads the settings below Store.</summary>
internal static class StoreSettings
{
    private const string ConnectionString = "Store:ConnectionString";

    /// <summary>Settings that a connection string replaces.</summary>
    private static readonly string[] PartsOfIt =
    [
        "Store:Host", "Store:Port", "Store:User", "Store:Password", "Store:Db",
    ];

    public static StoreOptions Read(SettingsReader read, StoreOptions defaults)
    {
        var options = new StoreOptions
        {
            Driver = read.Choice("Store:Driver", defaults.Driver, [.. StoreDrivers.All.Names]),
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
            Shards = read.List("Store:Shards"),
            Retention = read.Retention("Store:Retention", defaults.Retention!.Value),
            CommitDelay = read.Seconds("Store:CommitDelay", defaults.CommitDelay, 0, 0.1),
        };
        Check(read, options);
        CheckShards(read, options.Shards);
        return options;
    }

    private static void Check(SettingsReader read, StoreOptions options)
    {
        var driver = StoreFactory.Driver(options);
        foreach (var (setting, value, expected) in driver.FindProblems(StoreFactory.Address(options), options.Shards))
        {
            read.Problem(setting, value, expected);
        }

        if (driver.IsFile)
        {
            return;
        }

        // No value is repeated below: each may be or contain a password.
        if (options.ConnectionString.Length > 0)
        {
            foreach (var part in PartsOfIt.Where(p => read.Text(p, "").Length > 0))
            {
                read.Problem(part, "...", string.Create(
                    CultureInfo.InvariantCulture, $"possible together with {ConnectionString}: remove one of the two"));
            }
        }

        foreach (var (number, place) in StoreFactory.Places(options).Index())
        {
            read.ConnectionString(options.Shards.Count == 0 ? ConnectionString : Shard(number), place, driver);
        }
    }

    private static void CheckShards(SettingsReader read, IReadOnlyList<string> shards)
    {
        for (var number = 1; number < shards.Count; number++)
        {
            if (shards.Take(number).Contains(shards[number]))
            {
                read.Problem(Shard(number), "the same as an earlier one", "a database of its own");
            }
        }

        foreach (var other in ((string[])["Store:Path", ConnectionString, .. PartsOfIt]).Where(
            key => shards.Count > 0 && read.Text(key, "").Length > 0))
        {
            read.Problem(other, "...", "possible together with Store:Shards: remove one of the two");
        }
    }

    private static string Shard(int number) => string.Create(CultureInfo.InvariantCulture, $"Store:Shards:{number}");
}
