using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using OrleansDtm.Core;
using OrleansDtm.Invokers;
using OrleansDtm.Tests.Support.Invokers;
using Xunit;

namespace OrleansDtm.UnitTests.Invokers;

/// <summary>Calls of branches over HTTP, and the outcomes of all possible responses.</summary>
public sealed class HttpBranchInvokerTests : IAsyncLifetime
{
    private const string Parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    private readonly BranchHttpClient _http = new(new InvokerOptions());
    private readonly HttpBranchInvoker _invoker;
    private BankService _bank = null!;

    public HttpBranchInvokerTests() => _invoker = new HttpBranchInvoker(_http);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _bank = await BankService.Start();

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _bank.DisposeAsync();
    }

    [Theory]
    [InlineData(200, "", OutcomeKind.Succeeded, null)]
    [InlineData(200, "SUCCESS", OutcomeKind.Succeeded, null)]
    [InlineData(200, """{"dtm_result":"SUCCESS"}""", OutcomeKind.Succeeded, null)]
    [InlineData(200, "failure ongoing", OutcomeKind.Succeeded, null)]
    [InlineData(200, """{"dtm_result":"FAILURE"}""", OutcomeKind.Failed, """{"dtm_result":"FAILURE"}""")]
    [InlineData(200, "ONGOING", OutcomeKind.Ongoing, "ONGOING")]
    [InlineData(200, "FAILURE ONGOING", OutcomeKind.Ongoing, "FAILURE ONGOING")]
    [InlineData(409, "", OutcomeKind.Failed, "")]
    [InlineData(409, "no money", OutcomeKind.Failed, "no money")]
    [InlineData(409, "ONGOING", OutcomeKind.Ongoing, "ONGOING")]
    [InlineData(425, "", OutcomeKind.Ongoing, "")]
    [InlineData(425, "FAILURE", OutcomeKind.Ongoing, "FAILURE")]
    [InlineData(500, "FAILURE", OutcomeKind.Failed, "FAILURE")]
    [InlineData(500, "ONGOING", OutcomeKind.Ongoing, "ONGOING")]
    [InlineData(500, "SUCCESS", OutcomeKind.Unknown, "HTTP status 500: SUCCESS")]
    [InlineData(201, "", OutcomeKind.Unknown, "HTTP status 201: ")]
    [InlineData(204, "", OutcomeKind.Unknown, "HTTP status 204: ")]
    [InlineData(301, "", OutcomeKind.Unknown, "HTTP status 301, a redirect, which is not followed: ")]
    [InlineData(404, "not found", OutcomeKind.Unknown, "HTTP status 404: not found")]
    public async Task Status_and_body_make_the_outcome(int status, string body, OutcomeKind kind, string? error)
    {
        _bank.Answer = context => Write(context, status, body);
        var expected = new Outcome(kind, error);

        Assert.Equal(expected, OutcomeRules.FromHttp(status, Encoding.UTF8.GetBytes(body)));
        Assert.Equal(expected, await _invoker.Invoke(Call("/a"), Token));
    }

    [Theory]
    [InlineData("saga", "", "GET")]
    [InlineData("saga", "{}", "POST")]
    [InlineData("xa", "", "POST")]
    [InlineData("xa", "{}", "POST")]
    public async Task A_body_is_posted_and_none_is_got_except_in_xa(string type, string body, string method)
    {
        await _invoker.Invoke(
            Call("/a") with { Type = Names.Type(type), Payload = Encoding.UTF8.GetBytes(body) }, Token);

        var seen = Assert.Single(_bank.Seen);
        Assert.Equal((method, body), (seen.Method, Encoding.UTF8.GetString(seen.Body)));
        Assert.Equal("application/json", seen.Headers.ContentType);
        Assert.Equal("application/json", seen.Headers.Accept);
        Assert.EndsWith($"&trans_type={type}", seen.Query, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/a", "g1", "?branch_id=01&gid=g1&op=action&trans_type=saga")]
    [InlineData("/a?x=1&y=%20", "g1", "?x=1&y=%20&branch_id=01&gid=g1&op=action&trans_type=saga")]
    [InlineData("/a#top", "g1", "?branch_id=01&gid=g1&op=action&trans_type=saga")]
    [InlineData("/a?x=1#top?y=2", "g1", "?x=1&branch_id=01&gid=g1&op=action&trans_type=saga")]
    [InlineData("/a", "a b&c=d?#/ü%", "?branch_id=01&gid=a%20b%26c%3Dd%3F%23%2F%C3%BC%25&op=action&trans_type=saga")]
    [InlineData("/a", "a+b", "?branch_id=01&gid=a%2Bb&op=action&trans_type=saga")]
    public async Task Who_and_what_stand_in_the_query(string target, string gid, string query)
    {
        Assert.Equal(Outcome.Succeeded, await _invoker.Invoke(Call(target) with { Gid = gid }, Token));

        var seen = Assert.Single(_bank.Seen);
        Assert.Equal(("/a", query), (seen.Path, seen.Query));
    }

    [Fact]
    public async Task Branch_headers_go_with_the_call_and_override_its_own()
    {
        var call = Call("/a") with
        {
            Payload = "<a/>"u8.ToArray(),
            Headers = new Dictionary<string, string>
            {
                ["X-Tenant"] = "7",
                ["Host"] = "bank.example",
                ["content-type"] = "application/xml; charset=utf-8",
                ["Accept"] = "text/plain",
                ["User-Agent"] = "teller",
            },
        };
        Assert.Equal(Outcome.Succeeded, await _invoker.Invoke(call, Token));

        var seen = Assert.Single(_bank.Seen);
        Assert.Equal(("7", "bank.example"), (seen.Headers["X-Tenant"].ToString(), seen.Host));
        Assert.Equal("application/xml; charset=utf-8", seen.Headers.ContentType);
        Assert.Equal(("text/plain", "teller"), (seen.Headers.Accept.ToString(), seen.Headers.UserAgent.ToString()));
    }

    /// <summary>A tracestate without its traceparent is dropped, and not sent with the transaction's.</summary>
    [Theory]
    [InlineData(null, "own=1", Parent, "sent=1")]
    [InlineData("mine", "own=1", "mine", "own=1")]
    [InlineData("mine", null, "mine", "")]
    public async Task Of_two_trace_contexts_one_is_told(
        string? parent, string? state, string toldParent, string toldState)
    {
        var headers = new Dictionary<string, string>();
        if (parent is not null)
        {
            headers["Traceparent"] = parent;
        }

        if (state is not null)
        {
            headers["TraceState"] = state;
        }

        Assert.Equal(Outcome.Succeeded, await _invoker.Invoke(
            Call("/a") with { Headers = headers, Trace = new TraceContext(Parent, "sent=1") }, Token));

        var seen = Assert.Single(_bank.Seen).Headers;
        Assert.Equal((toldParent, toldState), (seen.TraceParent.ToString(), seen.TraceState.ToString()));
    }

    [Theory]
    [InlineData("Last-Modified", "yesterday")]
    [InlineData("Expires", "0")]
    [InlineData("Allow", "GET")]
    [InlineData("Content-Language", "de")]
    [InlineData("Content-Note", "not one of HTTP's own")]
    public async Task A_header_that_belongs_to_content_is_sent_all_the_same(string name, string value)
    {
        Assert.Equal(Outcome.Succeeded, await _invoker.Invoke(
            Call("/a") with { Headers = new Dictionary<string, string> { [name] = value } }, Token));

        Assert.Equal(value, Assert.Single(_bank.Seen).Headers[name]);
    }

    [Theory]
    [InlineData("", "1")]
    [InlineData("no name", "1")]
    [InlineData("X-A", "1\r\nX-B: 2")]
    public async Task A_call_with_a_header_that_cannot_be_sent_is_not_made(string name, string value)
    {
        var outcome = await _invoker.Invoke(
            Call("/a") with { Headers = new Dictionary<string, string> { [name] = value } }, Token);

        Assert.Equal(Outcome.Unknown($"the branch header '{name}' cannot be sent"), outcome);
        Assert.Empty(_bank.Seen);
    }

    [Theory]
    [InlineData("not a url")]
    [InlineData("http://")]
    [InlineData("http://bank:99999/a")]
    [InlineData("ftp://bank/a")]
    public async Task A_url_that_cannot_be_called_is_an_unknown_outcome_with_words(string url)
    {
        var outcome = await _invoker.Invoke(Call("/a") with { Url = url }, Token);

        Assert.Equal(OutcomeKind.Unknown, outcome.Kind);
        Assert.NotEmpty(outcome.Error!);
    }

    [Fact]
    public async Task A_redirect_is_not_followed()
    {
        _bank.Answer = static context =>
        {
            context.Response.Redirect("/elsewhere");
            return Task.CompletedTask;
        };

        Assert.Equal(
            Outcome.Unknown("HTTP status 302, a redirect, which is not followed: "),
            await _invoker.Invoke(Call("/a"), Token));
        Assert.Equal("/a", Assert.Single(_bank.Seen).Path);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_call_that_is_cancelled_is_unknown(bool headersSent)
    {
        using var cancel = new CancellationTokenSource();
        _bank.Answer = async context =>
        {
            if (headersSent)
            {
                await context.Response.Body.WriteAsync("SUCC"u8.ToArray(), CancellationToken.None);
                await context.Response.Body.FlushAsync(CancellationToken.None);
            }

            await cancel.CancelAsync();
            var gone = new TaskCompletionSource();
            context.RequestAborted.Register(gone.SetResult);
            await gone.Task;
        };

        Assert.Equal(
            Outcome.Unknown("no answer within the request timeout"), await _invoker.Invoke(Call("/a"), cancel.Token));
    }

    [Fact]
    public async Task A_refused_connection_is_unknown_and_says_so()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var url = $"http://{probe.LocalEndpoint}/a";
        probe.Stop();

        var outcome = await _invoker.Invoke(Call("/a") with { Url = url }, Token);

        Assert.Equal(OutcomeKind.Unknown, outcome.Kind);
        Assert.Contains("refused", outcome.Error, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData(100_000)]
    [InlineData(1000)]
    [InlineData(10)]
    public async Task A_body_beyond_the_limit_is_unknown_whatever_its_beginning_says(int max)
    {
        using var http = new BranchHttpClient(new InvokerOptions { ResponseBytesMax = max });
        var invoker = new HttpBranchInvoker(http);
        foreach (var declared in new[] { true, false })
        {
            Assert.Equal(OutcomeKind.Succeeded, (await Judge(200, new string('x', max), declared)).Kind);
            var outcome = await Judge(200, "FAILURE" + new string('x', max), declared);
            Assert.Equal(OutcomeKind.Unknown, outcome.Kind);
            Assert.Contains($"its body is longer than {max} bytes", outcome.Error, StringComparison.Ordinal);
            Assert.Equal(OutcomeKind.Failed, (await Judge(409, new string('x', max + 1), declared)).Kind);
            Assert.Equal(OutcomeKind.Ongoing, (await Judge(425, new string('x', max + 1), declared)).Kind);
        }

        async Task<Outcome> Judge(int status, string text, bool declared)
        {
            var body = Encoding.ASCII.GetBytes(text);
            _bank.Answer = async context =>
            {
                context.Response.StatusCode = status;
                context.Response.ContentLength = declared ? body.Length : null;
                await context.Response.Body.WriteAsync(body, Token);
            };
            return await invoker.Invoke(Call("/a"), Token);
        }
    }

    [Theory]
    [InlineData(10L * 1024 * 1024)]
    [InlineData(long.MaxValue)]
    public async Task A_huge_body_is_neither_kept_nor_waited_for(long length)
    {
        var block = new byte[64 * 1024];
        var hungUp = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _bank.Answer = async context =>
        {
            context.RequestAborted.Register(hungUp.SetResult);
            context.Response.ContentLength = length;
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.Body.WriteAsync(block, context.RequestAborted);
                if (length < long.MaxValue)
                {
                    await hungUp.Task; // The rest is never sent.
                }
            }
        };

        Assert.Equal(OutcomeKind.Unknown, (await _invoker.Invoke(Call("/a"), Token)).Kind);
        await hungUp.Task; // The invoker closes the connection instead of reading the rest.
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\n", "X-Endless: 0123456789012345678901234567890123456789\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nX-Endless: ", "0123456789012345678901234567890123456789")]
    [InlineData("SSH-2.0-OpenSSH_9.9\r\n", "")]
    [InlineData("HTTP/1.1 OK\r\n\r\n", "")]
    [InlineData("HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nSUCC", "")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "")]
    [InlineData("", "")]
    public async Task An_answer_that_is_not_http_is_unknown(string answer, string again)
    {
        using var service = new RawService(answer, again);
        var outcome = await _invoker.Invoke(Call("/a") with { Url = service.Url + "/a" }, Token);

        Assert.Equal(OutcomeKind.Unknown, outcome.Kind);
        Assert.NotEmpty(outcome.Error!);
        await service.Served; // The invoker has closed the connection.
    }

    private static async Task Write(HttpContext context, int status, string body)
    {
        context.Response.StatusCode = status;
        if (body.Length > 0)
        {
            await context.Response.WriteAsync(body, CancellationToken.None);
        }
    }

    private BranchInvocation Call(string target) => new()
    {
        Gid = "g1",
        Type = TransactionType.Saga,
        Protocol = "http",
        BranchId = "01",
        Op = "action",
        Url = _bank.Url + target,
    };
}
