using System.Globalization;
using System.Text;
using OrleansDtm.Core;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Service;

/// <summary>A listing request.</summary>
/// <param name="Filter">The filter.</param>
/// <param name="Position">The next_position of the previous page; empty = from the newest.</param>
/// <param name="Scan">Conditions that no index answers; null = none.</param>
public sealed record ListRequest(TransactionFilter Filter, string Position, ListScan? Scan = null);

/// <summary>Converts query parameters to a listing request.</summary>
public static class ListQuery
{
    public const int LimitMax = 1000;

    /// <param name="parameter">Returns a query parameter by name; null or empty = not set.</param>
    /// <param name="space">The namespace; empty = the default one.</param>
    /// <param name="now">What is overdue, and why a transaction waits, is seen from this time.</param>
    /// <param name="shown">An error text as the caller sees it; null = unchanged.</param>
    /// <exception cref="RequestException">A parameter is invalid.</exception>
    public static ListRequest Parse(
        Func<string, string?> parameter, string space, DateTimeOffset now, Func<string, string>? shown = null)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        var status = parameter("status");
        var type = parameter("transType");
        var filter = new TransactionFilter
        {
            Gid = Given(parameter("gid")) is { } gid ? Namespaces.Qualify(space, Printed("gid", gid)) : null,
            Namespace = space,
            GidPrefix = Text("gid_prefix", parameter("gid_prefix"), RequestValidator.GidMax),
            Tags = TagRules.Parse(parameter("tag")),
            Limit = (int)Whole("limit", parameter("limit"), 100, 1, LimitMax),
            Status = Names.Status(status),
            Type = Names.Type(type),
            CreatedFrom = Moment("createTimeStart", parameter("createTimeStart")),
            CreatedTo = Moment("createTimeEnd", parameter("createTimeEnd")),
            Parked = Flag("parked", parameter("parked")),
        };
        if (filter.Status == TransactionStatus.None && Given(status) is { } unknownStatus)
        {
            throw new RequestException("status", $"'{RequestValidator.Printable(unknownStatus)}' is unknown; one of "
                + "prepared, submitted, aborting, succeed, failed");
        }

        if (filter.Type == TransactionType.None && Given(type) is { } unknownType)
        {
            throw new RequestException(
                "transType",
                $"'{RequestValidator.Printable(unknownType)}' is unknown; one of saga, msg, tcc, xa, workflow");
        }

        return WithScan(filter, parameter, now, shown);
    }

    /// <summary>Adds the conditions of unfinished transactions, and those that no index answers.</summary>
    private static ListRequest WithScan(
        TransactionFilter filter, Func<string, string?> parameter, DateTimeOffset now, Func<string, string>? shown)
    {
        var host = Text("host", parameter("host"), ListScan.TextMax);
        var error = Text("error", parameter("error"), ListScan.TextMax);
        var waiting = Reason(parameter("waiting"));
        var isUnfinished = Flag("unfinished", parameter("unfinished"));
        if (filter.Status is TransactionStatus.Succeed or TransactionStatus.Failed)
        {
            var wrong = error is not null ? "error"
                : waiting is not null ? "waiting"
                : isUnfinished ? "unfinished"
                : "";
            if (wrong.Length > 0)
            {
                throw new RequestException(wrong, "searches unfinished transactions only; leave out status");
            }
        }

        // The database finds what is put aside or overdue.
        var scanned = waiting is WaitReason.Parked or WaitReason.Silo ? null : waiting;
        return new ListRequest(
            filter with
            {
                IsUnfinished = isUnfinished || error is not null || waiting is not null,
                Parked = filter.Parked || waiting == WaitReason.Parked,
                DueBefore = waiting == WaitReason.Silo ? now - Waiting.OverdueAfter : null,
            },
            parameter("position") ?? "",
            host is null && error is null && scanned is null ? null : new ListScan(host, error, shown, scanned, now));
    }

    /// <summary>A gid that no transaction can have is searched, unless it could name a namespace.</summary>
    private static string Printed(string name, string gid) => gid.Contains(Namespaces.Mark, StringComparison.Ordinal)
        ? throw new RequestException(name, "contains a control character")
        : gid;

    /// <summary>Returns a text without control characters; null = not set.</summary>
    private static string? Text(string name, string? text, int lengthMax)
    {
        if (Given(text) is not { } given)
        {
            return null;
        }

        if (given.Length > lengthMax)
        {
            throw new RequestException(
                name,
                string.Create(
                    CultureInfo.InvariantCulture, $"has {given.Length} characters; the maximum is {lengthMax}"));
        }

        // Half a surrogate pair, too: databases would search for another text.
        return given.EnumerateRunes().Any(static rune => Rune.IsControl(rune) || rune == Rune.ReplacementChar)
            ? throw new RequestException(name, "contains a control character, or is not valid Unicode")
            : given;
    }

    /// <summary>Parses a whole number. A number above the maximum is treated as the maximum.</summary>
    public static long Whole(string name, string? text, long fallback, long min, long max)
    {
        if (Given(text) is not { } given)
        {
            return fallback;
        }

        if (given.All(char.IsAsciiDigit) && given.TrimStart('0').Length > 18)
        {
            return max;
        }

        return long.TryParse(given, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            && value >= min
            ? Math.Min(value, max)
            : throw new RequestException(
                name,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"'{RequestValidator.Printable(given)}' is not a whole number of {min} or more"));
    }

    /// <summary>Parses milliseconds since 1970; null = not set.</summary>
    public static DateTimeOffset? Moment(string name, string? text) => Given(text) is null
        ? null
        : DateTimeOffset.FromUnixTimeMilliseconds(Whole(name, text, 0, 0, 253402300799999));

    private static WaitReason? Reason(string? text) => Given(text) is not { } given
        ? null
        : Names.Reason(given) ?? throw new RequestException(
            "waiting",
            $"'{RequestValidator.Printable(given)}' is unknown; one of "
            + string.Join(", ", Enum.GetValues<WaitReason>().Select(Names.Of)));

    private static bool Flag(string name, string? text) => Given(text) switch
    {
        null or "false" => false,
        "true" => true,
        { } other => throw new RequestException(
            name, $"'{RequestValidator.Printable(other)}' is neither true nor false"),
    };

    public static string? Given(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
