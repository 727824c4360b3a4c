using System.Text.RegularExpressions;
using OrleansDtm.Tests.Support;
using Xunit;

namespace OrleansDtm.UnitTests;

/// <summary>Lines have at most 120 columns, so that two files fit side by side.</summary>
public sealed partial class LineLengthTests
{
    private const int Max = 120;

    /// <summary>Folders with build outputs and files of other programs.</summary>
    private static readonly string[] Others = [".git", "bin", "obj", "artifacts", "TestResults", ".vs", ".idea"];

    [Theory]
    [InlineData("*.cs")]
    [InlineData("*.md")]
    [InlineData("*.sh")]
    [InlineData("run")]
    public void No_line_is_too_long(string pattern)
    {
        var found = Files(new DirectoryInfo(RepositoryRoot.Path), pattern)
            .SelectMany(file => TooLong(Path.GetExtension(file), File.ReadAllLines(file))
                .Select(
                    line => $"{Path.GetRelativePath(RepositoryRoot.Path, file)}:{line.Number}: {line.Length} columns"))
            .ToList();
        Assert.True(found.Count == 0, $"Lines of more than {Max} columns:\n{string.Join('\n', found)}");
    }

    [Theory]
    [InlineData(".cs", "var x = 1;{0}", 1)]
    [InlineData(".cs", "// {0}", 1)]
    [InlineData(".cs", "var x = \"\"\"\n{0}\n\"\"\";", 0)]
    [InlineData(".cs", "var x = $$\"\"\"\na\n\"\"\";\n{0}", 1)]
    [InlineData(".cs", "[InlineData(\"\"\"{0}\"\"\")]", 0)]
    [InlineData(".md", "text {0}", 1)]
    [InlineData(".md", "# heading {0}", 1)]
    [InlineData(".md", "| a | {0} |", 0)]
    [InlineData(".md", "```\n{0}\n```", 0)]
    [InlineData(".md", "```\n```\ntext {0}", 1)]
    [InlineData(".md", "- [text](https://host/{0})", 0)]
    [InlineData(".md", "[reference]: https://host/{0}", 0)]
    [InlineData(".sh", "echo {0}", 1)]
    public void Text_that_cannot_be_split_is_exempt(string extension, string text, int expected) =>
        Assert.Equal(expected, TooLong(extension, text.Replace("{0}", new string('x', Max + 1)).Split('\n')).Count());

    private static IEnumerable<(int Number, int Length)> TooLong(string extension, string[] lines)
    {
        var isInside = false; // of a raw string or a code fence, which are exempt
        for (var i = 0; i < lines.Length; i++)
        {
            var (line, wasInside) = (lines[i], isInside);
            var marks = extension switch { ".cs" => RawString().Count(line), ".md" => Fence().Count(line), _ => 0 };
            isInside ^= marks % 2 == 1;
            var isExempt = wasInside || marks > 0 || (extension == ".md" && TableOrLink().IsMatch(line));
            if (line.Length > Max && !isExempt)
            {
                yield return (i + 1, line.Length);
            }
        }
    }

    private static IEnumerable<string> Files(DirectoryInfo folder, string pattern) =>
        folder.EnumerateFiles(pattern)
            .Where(static file => file.Name != "run" || file.Directory!.Name == ".ci")
            .Select(static file => file.FullName)
            .Concat(folder.EnumerateDirectories()
                .Where(static inner => !Others.Contains(inner.Name))
                .SelectMany(inner => Files(inner, pattern)));

    /// <summary>Matches the start or end of a raw string, but not quotes within an ordinary literal.</summary>
    [GeneratedRegex("(?<!\\\\)\"{3,}")]
    private static partial Regex RawString();

    [GeneratedRegex("^\\s*```")]
    private static partial Regex Fence();

    /// <summary>Matches a row of a table, or a link that is the whole line.</summary>
    [GeneratedRegex(@"^\s*(\||([-*] )?!?\[.*\]\(\S+\)[.,;]?$|\[[^\]]+\]: \S+)")]
    private static partial Regex TableOrLink();
}
