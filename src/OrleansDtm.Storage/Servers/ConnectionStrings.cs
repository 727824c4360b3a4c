using System.Data.Common;

namespace OrleansDtm.Storage.Servers;

/// <summary>
/// Finds connection strings that a client library refuses. Libraries check some values only when they connect, and then
/// throw exceptions that are no database errors.
/// </summary>
public static class ConnectionStrings
{
    /// <summary>
    /// What a client library throws for a connection string or an option, at creation or when it connects.
    /// </summary>
    public static bool IsRefusal(Exception e) =>
        e is ArgumentException or FormatException or OverflowException or InvalidCastException or KeyNotFoundException
            or NotSupportedException or InvalidOperationException;

    /// <summary>
    /// What is wrong, without any value, which may be part of a password; null = the library accepts it.
    /// </summary>
    internal static string? FindProblem(ServerDialect dialect, string connectionString)
    {
        ArgumentNullException.ThrowIfNull(connectionString);
        try
        {
            dialect.Probe(connectionString);
            return null;
        }
        catch (Exception e) when (IsRefusal(e))
        {
            var client = dialect.Client;
            return FindOption(dialect.NewBuilder, connectionString) is { } option
                ? $"{client} does not take the value of its option '{option}'"
                : $"{client} does not take it: it must be Key=value;Key=value with options that {client} knows and "
                    + "that go together";
        }
    }

    /// <summary>The known option whose value is refused; null = there is no single one.</summary>
    private static string? FindOption(Func<DbConnectionStringBuilder> create, string connectionString)
    {
        var raw = new DbConnectionStringBuilder();
        try
        {
            raw.ConnectionString = connectionString;
        }
        catch (ArgumentException)
        {
            return null; // It is not a connection string.
        }

        foreach (string key in raw.Keys)
        {
            var one = create();
            if (!one.ContainsKey(key) && !IsKnown(one, key))
            {
                return null; // It may be the rest of a password with a semicolon, so it must not be named.
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
