using System.Globalization;
using OrleansDtm.Core;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Service;

/// <summary>A listing request.</summary>
/// <param name="Filter">The filter.</param>
/// <param name="Position">The next_position of the previous page; empty = from the newest.</param>
public sealed record ListRequest(TransactionFilter Filter, string Position);

/// <summary>Converts query parameters to a listing request.</summary>
public static class ListQuery
{
    public const int LimitMax = 1000;

    /// <param name="parameter">Returns a query parameter by name; null or empty = not set.</param>
    /// <exception cref="RequestException">A parameter is invalid.</exception>
    public static ListRequest Parse(Func<string, string?> parameter)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        var status = parameter("status");
        var type = parameter("transType");
        var filter = new TransactionFilter
        {
            Gid = Given(parameter("gid")),
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

        return new ListRequest(filter, parameter("position") ?? "");
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

    private static bool Flag(string name, string? text) => Given(text) switch
    {
        null or "false" => false,
        "true" => true,
        { } other => throw new RequestException(
            name, $"'{RequestValidator.Printable(other)}' is neither true nor false"),
    };

    public static string? Given(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
