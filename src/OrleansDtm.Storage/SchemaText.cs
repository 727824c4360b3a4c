using System.Globalization;
using System.Text;

namespace OrleansDtm.Storage;

/// <summary>The schema as text, for those who let nobody but themselves change their databases.</summary>
public static class SchemaText
{
    private const string Barrier = "barrier";

    /// <summary>The databases there is a schema for: the folders of <c>/sql</c>.</summary>
    public static IReadOnlyList<string> Dialects { get; } =
    [
        .. typeof(SchemaText).Assembly.GetManifestResourceNames()
            .Select(static name => name.Replace('\\', '/').Split('/'))
            .Where(static path => path is ["sql", _, _])
            .Select(static path => path[1])
            .Distinct()
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>
    /// All steps in order, each followed by the note that it was applied: a database made from it is one that the store takes as it
    /// is. For an empty database; whoever has some steps already leaves those out.
    /// </summary>
    /// <param name="dialect">One of <see cref="Dialects"/>.</param>
    /// <param name="applied">What the notes say.</param>
    public static string Of(string dialect, DateTimeOffset applied)
    {
        var engine = dialect == "mysql" ? " engine = InnoDB" : "";
        var text = new StringBuilder()
            .Append(CultureInfo.InvariantCulture, $"-- OrleansDtm, schema for {dialect}. For the coordinator's own, empty database.").AppendLine()
            .AppendLine($"create table if not exists dtm_schema (version bigint not null primary key, applied bigint not null){engine};");
        foreach (var script in SchemaScripts.For(dialect))
        {
            text.AppendLine().Append("-- ").AppendLine(script.Name).AppendLine(script.Sql.TrimEnd()).AppendLine(string.Create(
                CultureInfo.InvariantCulture,
                $"insert into dtm_schema (version, applied) values ({script.Version}, {applied.ToUnixTimeMilliseconds()});"));
            if (dialect == "mysql")
            {
                text.AppendLine("commit; -- The session may have begun without autocommit.");
            }
        }

        return text.ToString();
    }

    /// <summary>What silos of a cluster keep beside the transactions; bears being repeated. Null = there is no cluster on this dialect.</summary>
    public static string? ClusterOf(string dialect) => SchemaScripts.Orleans(dialect);

    /// <summary>The table a service's database needs for barriers; null = there is none for this dialect.</summary>
    public static string? BarrierOf(string dialect)
    {
        var assembly = typeof(SchemaText).Assembly;
        var resource = assembly.GetManifestResourceNames()
            .FirstOrDefault(name => name.Replace('\\', '/') == $"sql/{dialect}/{Barrier}.sql");
        if (resource is null)
        {
            return null;
        }

        using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
        return reader.ReadToEnd();
    }
}
