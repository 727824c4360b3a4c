using System.Text.RegularExpressions;
using OrleansDtm.Tests.Support;
using Xunit;

namespace OrleansDtm.WireTests.Guides;

/// <summary>
/// Every link of every document: a file that exists, a heading that exists, or an https address of a site that is known
/// here. Addresses are not fetched.
/// </summary>
public sealed partial class LinkTests
{
    /// <summary>A new site is added with a thought: it must stay, and need no account.</summary>
    private static readonly string[] Sites =
    [
        "aspire.dev", "cap.dotnetcore.xyz", "dotnet.testcontainers.org", "github.com", "keepachangelog.com",
        "learn.microsoft.com", "masstransit.io", "seata.apache.org", "semver.org", "temporal.io", "www.nuget.org",
    ];

    public static TheoryData<string> Documents => [.. ReadmeCommands.All()
        .Select(static file => Path.GetRelativePath(RepositoryRoot.File("."), file)).Order()];

    [Theory]
    [MemberData(nameof(Documents))]
    public void Links_lead_somewhere(string document)
    {
        var file = RepositoryRoot.File(document);
        var prose = Code().Replace(File.ReadAllText(file), "");
        var wrong = Link().Matches(prose).Select(static match => match.Groups[1].Value)
            .Where(link => !LeadsSomewhere(file, link)).ToList();
        Assert.True(wrong.Count == 0, $"{document}: {string.Join(", ", wrong)}");
    }

    [Theory]
    [InlineData("README.md#nowhere")]
    [InlineData("#nowhere")]
    [InlineData("nowhere.md")]
    [InlineData("http://github.com/dtm-labs/dtm")]
    [InlineData("https://elsewhere.example/")]
    public void A_wrong_link_is_found(string link) => Assert.False(LeadsSomewhere(ReadmeCommands.Root, link));

    private static bool LeadsSomewhere(string file, string link)
    {
        if (link.Contains("://", StringComparison.Ordinal))
        {
            return Uri.TryCreate(link, UriKind.Absolute, out var url)
                && (url is { Scheme: "http", Host: "localhost" }
                    || (url.Scheme == "https" && Sites.Contains(url.Host) && url.UserInfo.Length == 0));
        }

        var (path, heading) = link.Split('#', 2) is [var before, var after] ? (before, after) : (link, null);
        var target = path.Length == 0 ? file : Path.Combine(Path.GetDirectoryName(file)!, path);
        return Path.Exists(target) && (heading is null || Headings(target).Contains(heading));
    }

    /// <summary>The names that GitHub gives to headings.</summary>
    private static HashSet<string> Headings(string file)
    {
        var found = new HashSet<string>();
        foreach (Match match in Heading().Matches(Code().Replace(File.ReadAllText(file), "")))
        {
            var name = Unnamed().Replace(match.Groups[1].Value.ToLowerInvariant(), "").Replace(' ', '-');
            for (var number = 0; !found.Add(number == 0 ? name : $"{name}-{number}"); number++)
            {
            }
        }

        return found;
    }

    /// <summary>Fenced blocks, and comments.</summary>
    [GeneratedRegex(@"^ *```.*?^ *```$|<!--.*?-->", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Code();

    /// <summary>In parentheses behind a text, or in angle brackets.</summary>
    [GeneratedRegex(@"(?:\]\(|<(?=https?:))([^)\s>]+)[)>]")]
    private static partial Regex Link();

    [GeneratedRegex(@"^#{1,6} (.+?) *$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\p{L}\p{N} _-]")]
    private static partial Regex Unnamed();
}
