using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using OrleansDtm.Protocol;

namespace OrleansDtm.Cli.Output;

/// <summary>Times, sizes and texts as people read them.</summary>
internal static partial class Words
{
    /// <summary>A due time that is longer ago is overdue: a sweep every second should have found it.</summary>
    public static readonly TimeSpan OverdueAfter = TimeSpan.FromSeconds(10);

    public static string Time(DateTime time) => time.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>With milliseconds; with the day if it is another one.</summary>
    public static string ClockTime(DateTime time, DateTime now) => time.ToString(
        time.Date == now.Date ? "HH:mm:ss.fff'Z'" : "yyyy-MM-dd HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>The two largest units, such as 3 min 12 s.</summary>
    public static string Duration(TimeSpan time)
    {
        time = time.Duration();
        FormattableString text = time switch
        {
            { TotalSeconds: < 1 } => $"{time.TotalMilliseconds:0} ms",
            { TotalMinutes: < 1 } => $"{Math.Floor(time.TotalSeconds):0} s",
            { TotalHours: < 1 } => $"{time.Minutes} min {time.Seconds} s",
            { TotalDays: < 1 } => $"{time.Hours} h {time.Minutes} min",
            _ => $"{time.Days} d {time.Hours} h",
        };
        return text.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>The largest unit, for columns: 3 min.</summary>
    public static string Age(DateTime time, DateTime now)
    {
        var words = Duration(now - time).Split(' ');
        return $"{words[0]} {words[1]}";
    }

    public static string Ago(DateTime time, DateTime now) =>
        now - time < TimeSpan.FromSeconds(1) ? "now" : $"{Duration(now - time)} ago";

    /// <summary>When something is due: in 8 s, now, overdue by 25 s.</summary>
    public static string Due(DateTime due, DateTime now) =>
        due > now ? $"in {Duration(due - now)}"
        : IsOverdue(due, now) ? $"overdue by {Duration(now - due)}"
        : "now";

    public static bool IsOverdue(DateTime due, DateTime now) => now - due > OverdueAfter;

    public static bool IsFinal(TransactionView transaction) => transaction.Status is "succeed" or "failed";

    public static bool IsOverdue(TransactionView transaction, DateTime now) =>
        !IsFinal(transaction) && IsOverdue(transaction.NextCronTime, now);

    public static string Count(long count, string one) => count == 1
        ? $"1 {one}"
        : string.Create(CultureInfo.InvariantCulture, $"{count} {one}s");

    public static string Size(long bytes) => bytes < 10_240
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes} B")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:0} KB");

    public static string Milliseconds(double milliseconds) => milliseconds < 10
        ? string.Create(CultureInfo.InvariantCulture, $"{milliseconds:0.0} ms")
        : string.Create(CultureInfo.InvariantCulture, $"{milliseconds:0} ms");

    /// <summary>
    /// One line without control characters: texts of branch services must not move the cursor or change its colours.
    /// </summary>
    public static string Clean(string text)
    {
        if (!text.Any(IsHarmful))
        {
            return text;
        }

        text = Sequence().Replace(text, "");
        var clean = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            clean.Append(!IsHarmful(c) ? c : c is '\n' or '\t' ? ' ' : '\ufffd');
        }

        return clean.Replace("\ufffd ", " ").ToString(); // A line break of Windows has two characters.
    }

    public static string Cut(string text, int max) => text.Length <= max ? text : text[..(max - 3)] + "...";

    /// <summary>A control sequence of a terminal, such as a colour.</summary>
    [GeneratedRegex(@"\x1b\[[0-?]*[ -/]*[@-~]")]
    private static partial Regex Sequence();

    /// <summary>Control characters, and those that change the direction of text.</summary>
    private static bool IsHarmful(char c) =>
        char.IsControl(c) || c is (>= '\u2028' and <= '\u202e') or (>= '\u2066' and <= '\u2069');
}
