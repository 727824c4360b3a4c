using System.Data.Common;
using MySqlConnector;
using Npgsql;
using OrleansDtm.Storage.Servers;

namespace OrleansDtm.Import;

/// <summary>Where DTM's database is: from a URL, or from a connection string with the name of its driver.</summary>
/// <param name="Driver">mysql or postgres.</param>
/// <param name="ConnectionString">As the driver's client takes it.</param>
internal sealed record SourceAddress(string Driver, string ConnectionString)
{
    private const string Example = "mysql://user:password@host:3306/dtm or postgres://user:password@host:5432/dtm";

    /// <summary>For people: without the password.</summary>
    public string Shown => Driver == "mysql"
        ? new MySqlConnectionStringBuilder(ConnectionString) is var my ? $"mysql://{my.Server}:{my.Port}/{my.Database}" : ""
        : new NpgsqlConnectionStringBuilder(ConnectionString) is var pg ? $"postgres://{pg.Host}:{pg.Port}/{pg.Database}" : "";

    /// <param name="from">URL or connection string.</param>
    /// <param name="driver">mysql or postgres; null = the URL says it.</param>
    /// <exception cref="SourceAddressException">It is neither.</exception>
    public static SourceAddress Parse(string from, string? driver)
    {
        var isUrl = from.Contains("://", StringComparison.Ordinal);
        if (driver is null && !isUrl)
        {
            throw new SourceAddressException($"--from: a connection string needs --from-driver=mysql or postgres beside it; or give a URL: {Example}.");
        }

        try
        {
            if (!isUrl && ConnectionStrings.FindProblem(driver!, from) is { } refusal)
            {
                throw new SourceAddressException($"--from: {refusal}.");
            }

            var address = isUrl ? OfUrl(from, driver)
                : driver == "mysql" ? Of(new MySqlConnectionStringBuilder(from))
                : Of(new NpgsqlConnectionStringBuilder(from));
            return ConnectionStrings.FindProblem(address.Driver, address.ConnectionString) is { } problem
                ? throw new SourceAddressException($"--from: {problem}.")
                : address;
        }
        catch (Exception e) when (ConnectionStrings.IsRefusal(e) && e is not SourceAddressException)
        {
            throw new SourceAddressException($"--from: {e.Message} Give a connection string, or a URL: {Example}.");
        }
    }

    private static SourceAddress OfUrl(string from, string? driver)
    {
        if (!Uri.TryCreate(from, UriKind.Absolute, out var url) || url.Host.Length == 0)
        {
            throw new SourceAddressException($"--from: this is no URL. Write {Example}; characters such as @ in a password as %40.");
        }

        var named = url.Scheme switch
        {
            "mysql" or "mariadb" => "mysql",
            "postgres" or "postgresql" => "postgres",
            _ => throw new SourceAddressException($"--from: {url.Scheme}:// is not a database that can be read; write {Example}."),
        };
        if (driver is not null && driver != named)
        {
            throw new SourceAddressException($"--from-driver: {driver} contradicts the URL of --from, which says {named}.");
        }

        var account = url.UserInfo.Split(':', 2);
        var user = Uri.UnescapeDataString(account[0]);
        var password = account.Length > 1 ? Uri.UnescapeDataString(account[1]) : "";
        var database = Uri.UnescapeDataString(url.AbsolutePath.Trim('/'));
        var host = url.IdnHost;
        if (named == "mysql")
        {
            var mysql = new MySqlConnectionStringBuilder { Server = host, UserID = user, Password = password, Database = database };
            mysql.Port = url.Port > 0 ? (uint)url.Port : mysql.Port;
            return Of(Options(mysql, url));
        }

        var postgres = new NpgsqlConnectionStringBuilder { Host = host, Username = user, Password = password, Database = database };
        postgres.Port = url.Port > 0 ? url.Port : postgres.Port;
        return Of(Options(postgres, url));
    }

    /// <summary>?SslMode=Required&amp;... as the driver's client names them.</summary>
    private static T Options<T>(T builder, Uri url)
        where T : DbConnectionStringBuilder
    {
        foreach (var option in url.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var pair = option.Split('=', 2);
            try
            {
                builder[Uri.UnescapeDataString(pair[0])] = pair.Length > 1 ? Uri.UnescapeDataString(pair[1]) : "";
            }
            catch (Exception e) when (ConnectionStrings.IsRefusal(e))
            {
                throw new SourceAddressException($"--from: option {pair[0]}: {e.Message}");
            }
        }

        return builder;
    }

    private static SourceAddress Of(MySqlConnectionStringBuilder builder)
    {
        builder.Database = builder.Database is { Length: > 0 } database ? database : "dtm";
        builder.TreatTinyAsBoolean = false;
        builder.ConvertZeroDateTime = true;
        return new SourceAddress("mysql", builder.ConnectionString);
    }

    private static SourceAddress Of(NpgsqlConnectionStringBuilder builder)
    {
        builder.Database = builder.Database is { Length: > 0 } database ? database : "dtm";
        return new SourceAddress("postgres", builder.ConnectionString);
    }
}
