using System.Data.Common;
using MySqlConnector;
using Npgsql;

namespace OrleansDtm.Storage.Servers;

/// <summary>
/// Connection strings that a driver refuses. Drivers look at some values only when they connect, and throw what is no error of a database
/// then; here they are made to look before.
/// </summary>
public static class ConnectionStrings
{
    /// <summary>What is wrong with it, without repeating a value, which may be a part of a password; null = the driver takes it.</summary>
    /// <param name="driver">mysql or postgres.</param>
    public static string? FindProblem(string driver, string connectionString)
    {
        ArgumentNullException.ThrowIfNull(connectionString);
        var (name, known) = driver == "mysql"
            ? ("MySqlConnector", (Func<DbConnectionStringBuilder>)(static () => new MySqlConnectionStringBuilder()))
            : ("Npgsql", static () => new NpgsqlConnectionStringBuilder());
        try
        {
            Look(driver, connectionString);
            return null;
        }
        catch (Exception e) when (IsRefusal(e))
        {
            return FindOption(known, connectionString) is { } option
                ? $"{name} does not take the value of its option '{option}'"
                : $"{name} does not take it: it must be Key=value;Key=value with options that {name} knows and that go together";
        }
    }

    /// <summary>What drivers throw of a connection string or an option, when they are made or opened.</summary>
    public static bool IsRefusal(Exception e) =>
        e is ArgumentException or FormatException or OverflowException or InvalidCastException or KeyNotFoundException
            or NotSupportedException or InvalidOperationException;

    private static void Look(string driver, string connectionString)
    {
        if (driver == "mysql")
        {
            // All values are converted here, and none is used.
            new MySqlDataSource(new MySqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString).Dispose();
        }
        else
        {
            NpgsqlDataSource.Create(connectionString).Dispose();
        }
    }

    /// <summary>The known option whose value is the trouble; null = it is not one alone.</summary>
    private static string? FindOption(Func<DbConnectionStringBuilder> create, string connectionString)
    {
        var raw = new DbConnectionStringBuilder();
        try
        {
            raw.ConnectionString = connectionString;
        }
        catch (ArgumentException)
        {
            return null; // It has no form at all.
        }

        foreach (string key in raw.Keys)
        {
            var one = create();
            if (!one.ContainsKey(key) && !IsKnown(one, key))
            {
                return null; // Not to be named: it may be the rest of a password with a semicolon.
            }

            try
            {
                one[key] = raw[key];
                _ = one[key];
            }
            catch (Exception e) when (IsRefusal(e))
            {
                return key;
            }
        }

        return null;
    }

    private static bool IsKnown(DbConnectionStringBuilder builder, string key)
    {
        try
        {
            _ = builder[key];
            return true;
        }
        catch (Exception e) when (IsRefusal(e))
        {
            return false;
        }
    }
}
