using System.Text.RegularExpressions;
using OrleansDtm.Tests.Support;
using Xunit;

namespace OrleansDtm.WireTests.Guides;

/// <summary>
/// The diagrams are sequence diagrams of a small part of Mermaid, which this checks line by line. Mermaid's own parser
/// is a package of 200 MB.
/// </summary>
public sealed partial class DiagramTests
{
    [Fact]
    public void Each_pattern_has_a_diagram_that_is_well_formed_and_says_when_not_to_take_it()
    {
        var sections = File.ReadAllText(RepositoryRoot.File("src", "Guides", "Patterns.md")).Split("\n## ")[1..];
        Assert.Equal(["Saga", "Msg", "Tcc", "Xa", "Workflow"], sections.Select(static text => text.Split('\n')[0]));
        Assert.All(sections, static section =>
        {
            Assert.Contains("**When**: ", section, StringComparison.Ordinal);
            Assert.Contains("**When not**: ", section, StringComparison.Ordinal);
            Check(Assert.Single(GuideBlock.Of(section), static block => block.Language == "mermaid").Text);
        });
    }

    [Theory]
    [InlineData("    S->>C: submit")] // S is not a participant
    [InlineData("    participant S as Submitter\n    S->>S")]
    [InlineData("    participant S as Submitter\n    alt yes\n    S->>S: go")]
    [InlineData("    participant S as Submitter\n    S->S: go; come")]
    public void What_is_not_is_found(string lines) =>
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => Check("sequenceDiagram\n" + lines));

    private static void Check(string diagram)
    {
        var lines = diagram.TrimEnd('\n').Split('\n');
        Assert.Equal("sequenceDiagram", lines[0]);
        var (participants, depth) = (new HashSet<string>(), 0);
        foreach (var line in lines[1..].Select(static text => text.Trim()))
        {
            if (Participant().Match(line) is { Success: true } named)
            {
                Assert.True(participants.Add(named.Groups[1].Value), line);
            }
            else if (Arrow().Match(line) is { Success: true } arrow)
            {
                Assert.Contains(arrow.Groups[1].Value, participants);
                Assert.Contains(arrow.Groups[2].Value, participants);
            }
            else if (Note().Match(line) is { Success: true } note)
            {
                Assert.Contains(note.Groups[1].Value, participants);
            }
            else
            {
                Assert.Matches(@"^(alt \w[^;#]*|else \w[^;#]*|end)$", line);
                depth += line.StartsWith("alt", StringComparison.Ordinal) ? 1 : line == "end" ? -1 : 0;
                Assert.InRange(depth, line == "end" ? 0 : 1, 1);
            }
        }

        Assert.Equal(0, depth);
    }

    [GeneratedRegex(@"^participant (\w+) as \w[^;#]*$")]
    private static partial Regex Participant();

    [GeneratedRegex(@"^(\w+)-{1,2}>>(\w+): \w[^;#]*$")]
    private static partial Regex Arrow();

    [GeneratedRegex(@"^Note over (\w+): \w[^;#]*$")]
    private static partial Regex Note();
}
