using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;

namespace OrleansDtm.Cli.Commands;

/// <summary>The options that select transactions, and the listing API's parameters for them.</summary>
internal sealed class Filters
{
    /// <summary>The statuses of transactions that have not ended, those that need attention first.</summary>
    private static readonly string[] UnfinishedStatuses = ["aborting", "submitted", "prepared"];

    private readonly Option<string?> _status = new("--status") { Description = "only with this status" };

    private readonly Option<string?> _type = new("--type") { Description = "only of this pattern" };

    private readonly Option<string?> _since = new("--since")
    {
        Description = "created at or after: 2026-11-22T08:00:00Z, or an age such as 90s, 30m, 12h, 7d",
        HelpName = "WHEN",
    };

    private readonly Option<string?> _until = new("--until")
    {
        Description = "created at or before; --until 1h = older than an hour",
        HelpName = "WHEN",
    };

    private readonly Option<string[]> _tag = new("--tag")
    {
        Description = "only with this tag, key:value or key:prefix*; may be repeated, then all of them",
        HelpName = "TAG",
    };

    private readonly Option<string?> _gidPrefix = new("--gid-prefix")
    {
        Description = "only gids that start with this text",
        HelpName = "TEXT",
    };

    private readonly Option<string?> _host = new("--host")
    {
        Description = "only with a call to this host, or host:port",
        HelpName = "HOST",
    };

    private readonly Option<string?> _error = new("--error")
    {
        Description = "only unfinished transactions with a call whose last error contains this text",
        HelpName = "TEXT",
    };

    private readonly Option<bool> _parked = new("--parked")
    {
        Description = "only unfinished transactions with a call that is put aside",
    };

    private readonly Option<bool> _unfinished = new("--unfinished")
    {
        Description = "only transactions that have not ended",
    };

    public Filters()
    {
        _status.OneOf("prepared", "submitted", "aborting", "succeed", "failed");
        _type.OneOf("saga", "msg", "tcc", "xa", "workflow");
    }

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])
            [_status, _type, _tag, _gidPrefix, _host, _error, _parked, _since, _until, _unfinished])
        {
            command.Options.Add(option);
        }
    }

    /// <summary>The queries of the listings, each without limit and position; a listing has one status.</summary>
    /// <exception cref="OdtmException">Options contradict each other, or a time is invalid.</exception>
    public IReadOnlyList<string> Queries(ParseResult parsed, DateTime now, bool isUnfinished = false)
    {
        var status = parsed.GetValue(_status);
        isUnfinished |= parsed.GetValue(_unfinished);
        if (isUnfinished && status is "succeed" or "failed")
        {
            throw OdtmException.Misuse($"--status: transactions that are {status} have ended; leave it out.");
        }

        var rest = string.Join('&', Pairs(parsed, now).Select(static p => $"{p.Name}={Uri.EscapeDataString(p.Value)}"));
        return status is null && isUnfinished
            ? [.. UnfinishedStatuses.Select(each => $"status={each}&{rest}")]
            : [$"status={status}&{rest}"];
    }

    /// <summary>Milliseconds since 1970; null = not given.</summary>
    /// <exception cref="OdtmException">It is neither a time nor an age.</exception>
    public static long? Moment(ParseResult parsed, Option<string?> option, DateTime now)
    {
        if (parsed.GetValue(option) is not { Length: > 0 } text)
        {
            return null;
        }

        var moment = Age(text) is { } age ? now - age
            : DateTime.TryParse(
                text, CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time) ? time
            : throw OdtmException.Misuse(
                $"{option.Name}: '{text}' is not a time such as 2026-11-22T08:00:00Z or an age such as 30m, 12h, 7d.");
        return Math.Max(0, new DateTimeOffset(moment, TimeSpan.Zero).ToUnixTimeMilliseconds());
    }

    /// <summary>The conditions that are given, with the names of the API; for a job.</summary>
    /// <exception cref="OdtmException">A time is invalid.</exception>
    public JsonObject Conditions(ParseResult parsed, DateTime now)
    {
        var conditions = new JsonObject();
        foreach (var (name, value) in Pairs(parsed, now).Append(("status", parsed.GetValue(_status) ?? "")))
        {
            if (value.Length > 0)
            {
                conditions[name] = value;
            }
        }

        return conditions;
    }

    /// <summary>All conditions but the status; empty = not given.</summary>
    private (string Name, string Value)[] Pairs(ParseResult parsed, DateTime now) =>
    [
        ("transType", parsed.GetValue(_type) ?? ""),
        ("createTimeStart", Text(Moment(parsed, _since, now))),
        ("createTimeEnd", Text(Moment(parsed, _until, now))),
        ("tag", string.Join(',', parsed.GetValue(_tag) ?? [])),
        ("gid_prefix", parsed.GetValue(_gidPrefix) ?? ""),
        ("host", parsed.GetValue(_host) ?? ""),
        ("error", parsed.GetValue(_error) ?? ""),
        ("parked", parsed.GetValue(_parked) ? "true" : ""),
    ];

    private static string Text(long? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "";

    private static TimeSpan? Age(string text)
    {
        var seconds = text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3600, 'd' => 86400, _ => 0 };
        return seconds > 0
            && int.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            && count <= 100_000
                ? TimeSpan.FromSeconds((double)count * seconds)
                : null;
    }
}
