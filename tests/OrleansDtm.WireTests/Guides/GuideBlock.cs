using System.Text.RegularExpressions;

namespace OrleansDtm.WireTests.Guides;

/// <summary>A fenced block of a Markdown file, without its indentation.</summary>
/// <param name="Language">The word behind the fence.</param>
/// <param name="File">The name in a comment <c>file: name</c> before it; empty = none.</param>
/// <param name="Text">The lines.</param>
internal sealed partial record GuideBlock(string Language, string File, string Text)
{
    public static IEnumerable<GuideBlock> Of(string markdown) => Fenced().Matches(markdown).Select(static match =>
        new GuideBlock(
            match.Groups["language"].Value,
            match.Groups["file"].Value,
            Regex.Replace(
                match.Groups["text"].Value, $"^{match.Groups["indent"].Value}", "", RegexOptions.Multiline)));

    /// <summary>
    /// Whether this text is what the block shows. Three dots stand for any text, and on a line of their own for any
    /// lines.
    /// </summary>
    public bool Shows(string output)
    {
        var pattern = Regex.Escape(Text.TrimEnd('\n')).Replace(@"\.\.\.", "§", StringComparison.Ordinal);
        pattern = WholeLine().Replace(pattern, @"(\n.*)*").Replace("§", ".*", StringComparison.Ordinal);
        return Regex.IsMatch("\n" + output.TrimEnd('\n'), $@"\A\n?{pattern}\n*\z");
    }

    [GeneratedRegex(
        @"(<!-- file: (?<file>\S+) -->\n)?^(?<indent> *)```(?<language>\w+)\n(?<text>.*?)^\k<indent>```$",
        RegexOptions.Multiline | RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex Fenced();

    /// <summary>A line with nothing but the dots, in an escaped text.</summary>
    [GeneratedRegex(@"(?:\\n|^)§(?=\\n|$)")]
    private static partial Regex WholeLine();
}
