namespace OrleansDtm.Server.Commands;

/// <summary>A command's own arguments, and the settings that came with them.</summary>
/// <param name="Values">By name, e.g. <c>--from</c>.</param>
/// <param name="Flags">Flags that were given.</param>
/// <param name="Settings">All other arguments.</param>
internal sealed record Arguments(
    IReadOnlyDictionary<string, string> Values, IReadOnlySet<string> Flags, string[] Settings)
{
    /// <param name="args">The command line.</param>
    /// <param name="values">Names with a value: <c>--name value</c> or <c>--name=value</c>.</param>
    /// <param name="flags">Names without a value.</param>
    /// <exception cref="UsageException">A value is missing, or a flag has one.</exception>
    public static Arguments Parse(string[] args, string[] values, string[] flags)
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        var set = new HashSet<string>(StringComparer.Ordinal);
        List<string> settings = [];
        for (var i = 0; i < args.Length; i++)
        {
            var (name, value) = args[i].Split('=', 2) is [var n, var v] ? (n, v) : (args[i], null);
            if (flags.Contains(name))
            {
                _ = value is null
                    ? set.Add(name)
                    : throw new UsageException($"{name} takes no value; write {name} or leave it out.");
            }
            else if (values.Contains(name))
            {
                value ??= i + 1 < args.Length && !args[i + 1].StartsWith("--", StringComparison.Ordinal)
                    ? args[++i]
                    : null;
                found[name] = value is { Length: > 0 }
                    ? value
                    : throw new UsageException($"{name}: a value is missing; write {name}=value.");
            }
            else
            {
                settings.Add(args[i]);

                // "--HttpPort 8080": the value belongs to the setting.
                if (value is null && i + 1 < args.Length && !args[i + 1].StartsWith("--", StringComparison.Ordinal))
                {
                    settings.Add(args[++i]);
                }
            }
        }

        return new Arguments(found, set, [.. settings]);
    }
}
