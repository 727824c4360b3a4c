using System.Net;
using System.Net.Sockets;
using OrleansDtm.Tests.Support.Wire;
using OrleansDtm.WireTests.Security;
using Xunit;

namespace OrleansDtm.WireTests.Cli;

/// <summary>The exit codes of odtm, and one line that says what to do.</summary>
public sealed class ErrorTests(SecuredServer secured) : IClassFixture<SecuredServer>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("'lst' is not a command here. Did you mean list?", "lst")]
    [InlineData("'topcs' is not a command here. Did you mean topics?", "topcs", "--yes")]
    [InlineData("'--sttus' is not an argument here. Did you mean --status?", "list", "--sttus", "failed")]
    [InlineData("'--outptu' is not an argument here. Did you mean --output?", "list", "--outptu=json")]
    [InlineData("'subscrib' is not a command here. Did you mean subscribe?", "topics", "subscrib")]
    [InlineData("Required argument 'GID' missing", "show")]
    [InlineData("--limit: 'x' is not a whole number of 1 or more.", "list", "--limit", "x")]
    [InlineData("--status: 'sucess' is unknown; one of prepared, submitted, ", "list", "--status", "sucess")]
    [InlineData("--since: 'yesterday' is not a time", "list", "--since", "yesterday")]
    [InlineData("--output: 'xml' is unknown; one of table, json.", "list", "--output=xml")]
    [InlineData("--timeout: '0' is not a number of seconds", "list", "--timeout=0")]
    [InlineData("Option '--reason' is required", "force-stop", "g")]
    [InlineData("--reason: a value is missing", "force-stop", "g", "--reason", "--yes")]
    [InlineData("--server: 'localhost' is not a URL", "list", "--server", "localhost")]
    [InlineData("must not contain a user or password", "list", "--server", "http://joe:secret@localhost")]
    [InlineData("--key-file: /nowhere/key cannot be read", "list", "--key-file", "/nowhere/key")]
    [InlineData("cannot be combined with --unfinished", "list", "--unfinished", "--position=1")]
    public async Task A_wrong_command_line_ends_with_2(string message, params string[] args)
    {
        var refused = await Odtm.Run("http://127.0.0.1:1", args);

        refused.Ends(2).Says(message);
        Assert.DoesNotContain("secret", refused.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_command_the_list_of_commands_is_shown()
    {
        var nothing = (await Odtm.Run("http://127.0.0.1:1")).Ends(2);
        var help = (await Odtm.Run("http://127.0.0.1:1", "--help")).Ends(0);

        Assert.Equal(help.Output, nothing.Output);
        Assert.All(
            ["list", "show", "watch", "retry", "force-stop", "resolve", "topics", "audit", "export", "bench"],
            command => Assert.Contains($"  {command} ", help.Output, StringComparison.Ordinal));
        Assert.Contains("Exit codes: 0 = done", help.Output, StringComparison.Ordinal);
        Assert.Matches(@"^\d+\.\d+\.\d+", (await Odtm.Run("http://127.0.0.1:1", "--version")).Ends(0).Output);
    }

    [Fact]
    public async Task Where_no_coordinator_answers_it_ends_with_5()
    {
        using var silent = new TcpListener(IPAddress.Loopback, FreePort.Next());
        silent.Start();
        await using var other = await Participant.Start(static _ => new Reply(200, "<html>"));
        await using var site = await Participant.Start(static _ => new Reply(404, "<html>not found</html>"));
        await using var busy = await Participant.Start(
            static _ => new Reply(503, """{"dtm_result":"UNAVAILABLE","message":"try again: disk full"}"""));

        (await Odtm.Run($"http://127.0.0.1:{FreePort.Next()}", "list")).Ends(5).Says(
            "cannot be reached: Connection refused. Start the coordinator, or set --server or ODTM_SERVER");
        (await Odtm.Run($"http://{silent.LocalEndpoint}", "list", "--timeout=0.2")).Ends(5).Says(
            "did not answer within 0.2 s");
        (await Odtm.Run(other.Url, "list")).Ends(5).Says("is not a coordinator's HTTP port");
        (await Odtm.Run(site.Url, "show", "g")).Ends(5).Says("is not a coordinator's HTTP port");
        (await Odtm.Run(secured.GrpcUrl.ToString(), "list")).Ends(5).Says("is not a coordinator's HTTP port");
        (await Odtm.Run(busy.Url, "list")).Ends(5).Says("answered 503: try again: disk full");
    }

    [Fact]
    public async Task A_coordinator_without_the_operation_is_too_old()
    {
        await using var old = await Participant.Start(static call => call.Path == "/api/dtmsvr/version"
            ? new Reply(200, """{"version":"0.0.7"}""")
            : new Reply(404, "404 page not found"));

        (await Odtm.Run(old.Url, "audit")).Ends(1).Says("runs version 0.0.7, which does not have 'audit'");
    }

    [Fact]
    public async Task A_missing_key_or_role_ends_with_4_and_the_key_is_never_shown()
    {
        var url = secured.Url.ToString();
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, secured.Admin + "\n", Cancel);

        (await Odtm.Run(url, "list")).Ends(4).Says("answered 401: not signed in (read role needed)");
        (await Odtm.Run(With("ODTM_KEY", "wrong-key"), "list")).Ends(4).Says("the API key is unknown");
        (await Odtm.Run(With("ODTM_KEY", secured.Read), "list")).Ends(0);
        (await Odtm.Run(With("ODTM_TOKEN", secured.Read), "topics")).Ends(0);
        var forbidden = await Odtm.Run(With("ODTM_KEY", secured.Read), "audit");
        forbidden.Ends(4).Says("answered 403: the role admin is needed; 'reader' has read");
        Assert.DoesNotContain(secured.Read, forbidden.Errors, StringComparison.Ordinal);
        (await Odtm.Run(With("ODTM_KEY", secured.Read), "audit", "--key-file", file)).Ends(0);
        (await Odtm.Run(
            new Surroundings(url) { Variables = { ["ODTM_KEY"] = "a", ["ODTM_TOKEN"] = "b" } }, "list"))
            .Ends(2).Says("ODTM_KEY and ODTM_TOKEN are both set");
        File.Delete(file);

        Surroundings With(string variable, string value) => new(url) { Variables = { [variable] = value } };
    }
}
