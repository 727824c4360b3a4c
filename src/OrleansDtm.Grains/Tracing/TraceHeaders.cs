using System.Buffers;

namespace OrleansDtm.Grains.Tracing;

/// <summary>
/// Parses the W3C trace context of a request. It is stored and sent to every branch, so invalid values are dropped;
/// they never cause a request to be rejected.
/// </summary>
public static class TraceHeaders
{
    public const string Parent = "traceparent";
    public const string State = "tracestate";

    /// <summary>
    /// The maximum length of a tracestate in characters: the minimum that the standard requires to propagate.
    /// </summary>
    public const int StateMax = 512;

    private const int StateMembersMax = 32;
    private const int PartMax = 256;

    /// <summary>The length of 00-, trace id, -, span id, -, flags.</summary>
    private const int ParentLength = 55;

    /// <summary>The maximum length of a traceparent of a future version.</summary>
    private const int ParentMax = 256;

    private static readonly SearchValues<char> Hex = SearchValues.Create("0123456789abcdef");
    private static readonly SearchValues<char> Key = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_-*/@");

    /// <summary>Parses the two headers.</summary>
    /// <param name="parent">traceparent; null and empty = none.</param>
    /// <param name="state">tracestate.</param>
    /// <returns>Null if traceparent is missing or invalid. There is no state without a parent.</returns>
    public static (string? Parent, string? State) Check(string? parent, string? state)
    {
        if (string.IsNullOrEmpty(parent) || CheckParent(parent) is not { } valid)
        {
            return default;
        }

        return (valid, string.IsNullOrEmpty(state) ? null : CheckState(state));
    }

    private static string? CheckParent(string header)
    {
        var text = header.AsSpan();
        if (text.Length is < ParentLength or > ParentMax
            || text[2] != '-' || text[35] != '-' || text[52] != '-'
            || text[..2].ContainsAnyExcept(Hex) || text[..2] is "ff"
            || text[3..35].ContainsAnyExcept(Hex) || !text[3..35].ContainsAnyExcept('0')
            || text[36..52].ContainsAnyExcept(Hex) || !text[36..52].ContainsAnyExcept('0')
            || text[53..55].ContainsAnyExcept(Hex))
        {
            return null;
        }

        if (text[..2] is "00")
        {
            return text.Length == ParentLength ? header : null;
        }

        // A newer version: the standard requires to parse its first four fields and to send them as version 00.
        return text.Length == ParentLength || text[ParentLength] == '-'
            ? string.Concat("00", text[2..ParentLength])
            : null;
    }

    /// <summary>Parses tracestate; null = invalid. Excess members are dropped from the end, the oldest first.</summary>
    private static string? CheckState(string header)
    {
        if (header.Length > 8 * StateMax)
        {
            return null;
        }

        var kept = new List<string>();
        var length = -1;
        foreach (var part in header.AsSpan().Split(','))
        {
            var member = header.AsSpan(part).Trim(" \t");
            if (member.IsEmpty)
            {
                continue; // The standard allows empty members.
            }

            if (!IsMember(member))
            {
                return null;
            }

            if (kept.Count == StateMembersMax || length + 1 + member.Length > StateMax)
            {
                break;
            }

            length += 1 + member.Length;
            kept.Add(member.ToString());
        }

        return kept.Count == 0 ? null : string.Join(',', kept);
    }

    private static bool IsMember(ReadOnlySpan<char> member)
    {
        var equals = member.IndexOf('=');
        if (equals is <= 0 or > PartMax || member.Length - equals - 1 is 0 or > PartMax)
        {
            return false;
        }

        return char.IsAsciiLetterOrDigit(member[0])
            && !member[..equals].ContainsAnyExcept(Key)
            && !member[(equals + 1)..].ContainsAnyExceptInRange(' ', '~')
            && !member[(equals + 1)..].Contains('=');
    }
}
