using System.Data.Common;
using System.Globalization;
using OrleansDtm.Storage.Inspection;

namespace OrleansDtm.Storage.Servers;

/// <summary>Examines a store in a database server without changing it.</summary>
internal static class ServerInspection
{
    /// <summary>The maximum difference between the clocks of a silo and the database.</summary>
    private static readonly TimeSpan ClockDifferenceMax = TimeSpan.FromSeconds(1);

    /// <summary>The privileges that a coordinator needs, with statements that change no row.</summary>
    private static readonly (string Right, string Table, string Sql)[] Rights =
    [
        .. from table in (string[])["dtm_transaction", "dtm_body", "dtm_tag", "dtm_kv", "dtm_audit"]
           from right in (string[])["select", "insert", "update", "delete"]
           where right != "update" || table is not ("dtm_audit" or "dtm_tag")
           select (right, table, right switch
           {
               "select" => $"select * from {table} where 1 = 0",
               "insert" => $"insert into {table} select * from {table} where 1 = 0",
               "update" when table == "dtm_body" => $"update {table} set body = body where 1 = 0",
               "update" => $"update {table} set version = version where 1 = 0",
               _ => $"delete from {table} where 1 = 0",
           }),
    ];

    /// <summary>Never throws for what it finds.</summary>
    public static IReadOnlyList<Finding> Look(ServerDialect dialect, ServerStoreOptions options, TimeProvider clock)
    {
        if (ConnectionStrings.FindProblem(dialect, options.ConnectionString) is { } problem)
        {
            return [Finding.Problem($"its connection string cannot be used: {problem}")];
        }

        var where = dialect.Describe(options);
        try
        {
            using var connection = dialect.CreateConnection(options);
            connection.Open();
            if (dialect.FindWrongSession(connection, options) is { } wrong)
            {
                return [Finding.Problem(wrong)];
            }

            var version = Schemas.Read(connection, dialect.IsNoTable);
            List<Finding> findings =
            [
                Finding.Good("it answers"),
                Finding.Good($"its version is {connection.ServerVersion}; tested with {dialect.Tested}"),
                Schemas.Judge(dialect.Name, version),
                Clock(dialect, connection, clock),
                .. dialect.Inspect(connection, options),
                .. dialect.FindWeakSettings(connection).Select(static s =>
                    Finding.Problem($"the server may lose acknowledged transactions when its machine fails: {s}")),
            ];
            if (dialect.FindReplicas(connection) is { } replicas)
            {
                findings.Add(replicas);
            }

            if (version > 0)
            {
                findings.AddRange(FindRights(dialect, connection));
            }

            return findings;
        }
        catch (DbException e) when (dialect.IsNoDatabase(e))
        {
            return [NoDatabase(dialect, options)];
        }
        catch (Exception e) when (ServerDialect.IsConnecting(e))
        {
            return [Finding.Problem($"{where} cannot be used: {e.Message}. Check address, user, password and "
                + "database, and that the server runs")];
        }
    }

    private static Finding NoDatabase(ServerDialect dialect, ServerStoreOptions options)
    {
        try
        {
            using var server = dialect.CreateConnection(options, withDatabase: false);
            server.Open();
            return Finding.Note("the server answers; the database does not exist, and the first start creates it if "
                + "its user may create databases");
        }
        catch (Exception e) when (ServerDialect.IsConnecting(e))
        {
            return Finding.Problem("the database does not exist, and its user may not use the server without it: "
                + $"{e.Message}. Create it as an administrator");
        }
    }

    private static Finding Clock(ServerDialect dialect, DbConnection connection, TimeProvider clock)
    {
        var before = clock.GetUtcNow();
        var theirs = DateTimeOffset.FromUnixTimeMilliseconds(
            Convert.ToInt64(connection.Ask(dialect.Clock), CultureInfo.InvariantCulture));
        var ours = before + ((clock.GetUtcNow() - before) / 2);
        var seconds = (theirs - ours).TotalSeconds.ToString("F1", CultureInfo.InvariantCulture);
        return (theirs - ours).Duration() > ClockDifferenceMax
            ? Finding.Problem($"its clock differs from this machine's by {seconds} s: synchronize both with a time "
                + "service, or delays and timeouts are wrong")
            : Finding.Good($"its clock differs from this machine's by {seconds} s");
    }

    private static IEnumerable<Finding> FindRights(ServerDialect dialect, DbConnection connection)
    {
        var denied = new List<string>();
        foreach (var (right, table, sql) in Rights)
        {
            try
            {
                connection.Execute(sql);
            }
            catch (DbException e) when (dialect.IsDenied(e))
            {
                denied.Add($"{right} on {table}");
            }
        }

        yield return denied.Count == 0
            ? Finding.Good("its user may read and write all tables")
            : Finding.Problem($"its user lacks the right to {string.Join(", ", denied)}: grant it");
    }
}
