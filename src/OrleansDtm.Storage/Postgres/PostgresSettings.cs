using System.Data.Common;
using Npgsql;
using OrleansDtm.Storage.Servers;

namespace OrleansDtm.Storage.Postgres;

/// <summary>
/// The options of Npgsql. An option in the connection string wins: the user may know of a pooler, a slow network or a
/// small server.
/// </summary>
internal sealed class PostgresSettings
{
    /// <summary>libpq's environment variable for it, which Npgsql reads, too.</summary>
    private const string GssVariable = "PGGSSENCMODE";

    private readonly ServerStoreOptions _options;
    private readonly NpgsqlConnectionStringBuilder _builder;
    private readonly DbConnectionStringBuilder _given;

    public PostgresSettings(ServerStoreOptions options)
    {
        _options = options;
        _builder = new NpgsqlConnectionStringBuilder(options.ConnectionString);
        // The builder has replaced aliases by names.
        _given = new DbConnectionStringBuilder { ConnectionString = _builder.ConnectionString };
        Default("Timeout", (int)options.ConnectTimeout.TotalSeconds);
        Default("Cancellation Timeout", 1000);
        if (Environment.GetEnvironmentVariable(GssVariable) is not { Length: > 0 })
        {
            // Npgsql prefers it wherever the Kerberos libraries are installed. They then look the server's name up,
            // and without a DNS server that answers, each connection times out.
            Default("GSS Encryption Mode", GssEncryptionMode.Disable);
        }

        if (options.Schema.Length > 0)
        {
            _builder.SearchPath = Quote(options.Schema);
        }
    }

    public string? Database => _builder.Database;

    public string Place => $"{_builder.Host}:{_builder.Port}";

    /// <summary>The options allow for a pooler that gives each transaction another session.</summary>
    public bool IsForPooler => IsGiven("Max Auto Prepare") && _builder.MaxAutoPrepare == 0 && _builder.NoResetOnClose;

    public static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary>
    /// The options with the timeouts of the connection string. A zero, which means no timeout, is ignored.
    /// </summary>
    public static ServerStoreOptions Settle(ServerStoreOptions options)
    {
        var settings = new PostgresSettings(options);
        if (settings.IsGiven("Timeout") && settings._builder.Timeout > 0)
        {
            options = options with { ConnectTimeout = TimeSpan.FromSeconds(settings._builder.Timeout) };
        }

        if (settings.IsGiven("Command Timeout") && settings._builder.CommandTimeout > 0)
        {
            var time = TimeSpan.FromSeconds(settings._builder.CommandTimeout);
            options = options with { ReadTimeout = time, CommitTimeout = time };
        }

        return options;
    }

    public NpgsqlConnectionStringBuilder Readers()
    {
        Default(
            "Maximum Pool Size", Math.Max(_options.Readers, IsGiven("Minimum Pool Size") ? _builder.MinPoolSize : 1));
        Default("Minimum Pool Size", Math.Min(_options.IdleReaders, _builder.MaxPoolSize));
        Default("Connection Lifetime", (int)_options.ConnectionLifetime.TotalSeconds);
        Default("No Reset On Close", true); // No reader changes its session.
        Default("Max Auto Prepare", 32);
        Default("Auto Prepare Min Usages", 5);
        Default("Command Timeout", (int)_options.ReadTimeout.TotalSeconds);
        return _builder;
    }

    /// <summary>A dedicated connection, whatever the pool options are.</summary>
    public NpgsqlConnectionStringBuilder Writer(bool withDatabase)
    {
        _builder.Pooling = false;
        _builder.Multiplexing = false;
        Default("Max Auto Prepare", 8);
        Default("Auto Prepare Min Usages", 2);
        Default("Command Timeout", (int)_options.CommitTimeout.TotalSeconds);
        if (!withDatabase)
        {
            _builder.Database = "postgres";
            _builder.SearchPath = null;
        }

        return _builder;
    }

    /// <summary>
    /// The queries of the providers start and end transactions by SQL, which multiplexing does not allow.
    /// </summary>
    public NpgsqlConnectionStringBuilder Cluster()
    {
        _builder.Multiplexing = false;
        Default("Maximum Pool Size", Math.Max(8, IsGiven("Minimum Pool Size") ? _builder.MinPoolSize : 0));
        Default("Command Timeout", (int)_options.ReadTimeout.TotalSeconds);
        return _builder;
    }

    private bool IsGiven(string key) => _given.ContainsKey(key);

    private void Default(string key, object value)
    {
        if (!IsGiven(key))
        {
            _builder[key] = value;
        }
    }
}
