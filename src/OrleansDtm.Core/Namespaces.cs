namespace OrleansDtm.Core;

/// <summary>
/// Namespaces of gids and topics. The default one is empty. In another one a gid is stored behind a mark that no gid of
/// a request can contain, so the gids of two namespaces are never equal, and those of the default one are a range.
/// </summary>
public static class Namespaces
{
    /// <summary>The maximum length of a name, in characters.</summary>
    public const int NameMax = 32;

    /// <summary>The first character of a qualified text. Requests with control characters are refused.</summary>
    public const char Mark = '\u001f';

    /// <summary>The first character after <see cref="Mark"/>: no qualified text is at or above it.</summary>
    public const char AfterMark = '\u0020';

    /// <summary>The end of the name in a qualified text; no name contains it.</summary>
    public const char End = ':';

    /// <summary>Returns true for a name: lower-case letters, digits and hyphens, not starting with a hyphen.</summary>
    public static bool IsName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Length is > 0 and <= NameMax
            && name[0] != '-'
            && name.All(static c => c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '-');
    }

    /// <summary>Returns the text as it is stored in a namespace.</summary>
    /// <param name="name">The namespace; empty = the default one, whose texts are unchanged.</param>
    /// <param name="text">A gid, topic or tag of a request.</param>
    public static string Qualify(string name, string text)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Length == 0 ? text : $"{Mark}{name}{End}{text}";
    }

    /// <summary>The number of characters that <see cref="Qualify"/> adds.</summary>
    public static int Added(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Length == 0 ? 0 : name.Length + 2;
    }

    /// <summary>Returns true for a text of a namespace other than the default one.</summary>
    public static bool IsQualified(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text is [Mark, ..];
    }

    /// <summary>The namespace of a stored gid or topic; empty = the default one.</summary>
    public static string Of(string text) => IsQualified(text) ? text[1..EndOf(text)] : "";

    /// <summary>A stored gid or topic as requests name it.</summary>
    public static string Plain(string text) =>
        IsQualified(text) ? text[Math.Min(text.Length, EndOf(text) + 1)..] : text;

    /// <summary>Returns true if a stored gid or topic is of the namespace; null = of any.</summary>
    public static bool Contains(string? name, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return name switch
        {
            null => true,
            "" => !IsQualified(text),
            _ => text.Length > name.Length + 1
                && text[0] == Mark
                && text[name.Length + 1] == End
                && text.AsSpan(1, name.Length).SequenceEqual(name),
        };
    }

    private static int EndOf(string text)
    {
        var end = text.IndexOf(End, StringComparison.Ordinal);
        return end < 0 ? text.Length : end;
    }
}
