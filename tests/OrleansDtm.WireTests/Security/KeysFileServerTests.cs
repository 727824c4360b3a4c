using System.Net;
using System.Text;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Security;

/// <summary>The probes show an unreadable keys file, and removed keys are rejected.</summary>
public sealed class KeysFileServerTests(KeysFileServer server) : IClassFixture<KeysFileServer>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Readiness_shows_it_and_fails_when_no_key_is_left()
    {
        using var http = new HttpClient { BaseAddress = server.Url };
        Assert.Equal((HttpStatusCode.OK, "ready"), await Get(http, "/health/ready"));
        Assert.Equal(HttpStatusCode.OK, (await Get(http, "/api/dtmsvr/newGid", server.Filed)).Status);

        Replace($"{SecuredServer.Line("filed", "submit", server.Filed)}\nnonsense");
        await Until(async () => (await Get(http, "/health/ready")).Text
            == "ready; Security:KeysFile cannot be read; only the keys on its valid lines are accepted [ODTM4006]");
        Assert.Equal(HttpStatusCode.OK, (await Get(http, "/api/dtmsvr/newGid", server.Filed)).Status);

        Replace("nonsense");
        await Until(async () => (await Get(http, "/health/ready")).Status == HttpStatusCode.ServiceUnavailable);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await Get(http, "/api/dtmsvr/newGid", server.Filed)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await Get(http, "/api/dtmsvr/newGid", server.Read)).Status);

        Replace(SecuredServer.Line("filed", "submit", server.Filed));
        await Until(async () => (await Get(http, "/health/ready")).Text == "ready");
        Assert.Equal(HttpStatusCode.OK, (await Get(http, "/api/dtmsvr/newGid", server.Filed)).Status);
    }

    [Fact]
    public async Task Too_many_failed_sign_ins_at_once_are_refused()
    {
        using var http = new HttpClient { BaseAddress = server.Url };
        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => SignIn(http)));

        Assert.Contains(HttpStatusCode.Unauthorized, answers);
        Assert.Contains(HttpStatusCode.TooManyRequests, answers);
    }

    private static async Task<HttpStatusCode> SignIn(HttpClient http)
    {
        using var body = new StringContent(
            """{"key":"odtm_wrong-wrong-wrong-wrong-wrong-wrong-wrong-wrong"}""", Encoding.UTF8, "application/json");
        using var answer = await http.PostAsync("/ui/session", body, Cancel);
        return answer.StatusCode;
    }

    private void Replace(string text)
    {
        File.WriteAllText(server.KeysFile + ".new", text);
        File.Move(server.KeysFile + ".new", server.KeysFile, overwrite: true);
    }

    private static Task Until(Func<Task<bool>> condition) =>
        Poll.Until(condition, Poll.Patience, static () => "the keys file is not seen", Cancel);

    private static async Task<(HttpStatusCode Status, string Text)> Get(
        HttpClient http, string path, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (key is not null)
        {
            request.Headers.Add("X-Api-Key", key);
        }

        using var answer = await http.SendAsync(request, Cancel);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancel));
    }
}

/// <summary>A coordinator with a keys file only, without a grace period.</summary>
public sealed class KeysFileServer : SecuredServer
{
    protected override async Task<string[]> Settings()
    {
        await File.WriteAllTextAsync(KeysFile, Line("filed", "submit", Filed));
        return [$"--Security:KeysFile={KeysFile}", "--Security:KeysFileGrace=0"];
    }
}
