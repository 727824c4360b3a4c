using System.IO.Compression;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Time.Testing;
using OrleansDtm.Core;
using OrleansDtm.Invokers;
using OrleansDtm.Tests.Support.Grpc;
using OrleansDtm.Tests.Support.Invokers;
using Xunit;

namespace OrleansDtm.UnitTests.Invokers;

/// <summary>The outcomes of compressed, long and truncated bodies, and of the other parts of a response.</summary>
public sealed class BranchAnswerTests : IAsyncLifetime
{
    private static readonly Random Noise = new(7);

    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 11, 28, 12, 0, 0, TimeSpan.Zero));
    private readonly BranchHttpClient _http;
    private BankService _bank = null!;

    public BranchAnswerTests() =>
        _http = new BranchHttpClient(new InvokerOptions { ResponseBytesMax = 300_000 }, _clock);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Encodings =>
    [
        "gzip", "x-gzip", "GZIP", "deflate", "bare deflate", "br", "identity", "br, gzip", "gzip, br", "gzip, gzip",
        "deflate, gzip",
    ];

    public async ValueTask InitializeAsync() => _bank = await BankService.Start();

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _bank.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(Encodings))]
    public async Task A_compressed_body_is_read(string encoding)
    {
        Assert.Equal(Outcome.Succeeded, await Answer(200, encoding, "SUCCESS"));
        Assert.Equal(Outcome.Succeeded, await Answer(200, encoding, ""));
        Assert.Equal(Outcome.Failed("no money, FAILURE"), await Answer(200, encoding, "no money, FAILURE"));
        Assert.Equal(Outcome.Ongoing("FAILURE? ONGOING"), await Answer(500, encoding, "FAILURE? ONGOING"));
        Assert.Equal(Outcome.Unknown("HTTP status 500: boom"), await Answer(500, encoding, "boom"));
        Assert.Equal(
            OutcomeKind.Failed, (await Answer(200, encoding, Garble(200_000) + "FAILURE" + Garble(50_000))).Kind);
    }

    [Theory]
    [MemberData(nameof(Encodings))]
    public async Task A_compressed_body_that_breaks_off_or_is_too_long_is_never_a_success(string encoding)
    {
        var whole = Compress(encoding, Encoding.UTF8.GetBytes(Garble(5000)));
        if (encoding != "identity")
        {
            foreach (var cut in new[] { 1, 4, 9, 100, whole.Length - 20, whole.Length - 1 })
            {
                var outcome = await Answer(200, encoding, whole[..^cut]);
                Assert.True(
                    outcome.Kind == OutcomeKind.Unknown,
                    $"{encoding} without its last {cut} of {whole.Length} bytes is {outcome}");
            }

            Assert.Equal(
                OutcomeKind.Unknown, (await Answer(200, encoding, "SUCCESS, and not compressed"u8.ToArray())).Kind);
            Assert.Equal(OutcomeKind.Failed, (await Answer(409, encoding, whole[..^9])).Kind);
            Assert.Equal(OutcomeKind.Ongoing, (await Answer(425, encoding, whole[..^9])).Kind);
        }

        var bomb = await Answer(200, encoding, new string('x', 300_001));
        Assert.Contains("its body is longer than 300000 bytes", bomb.Error, StringComparison.Ordinal);
        Assert.Equal(OutcomeKind.Unknown, bomb.Kind);
        Assert.Equal(Outcome.Succeeded, await Answer(200, encoding, new string('x', 300_000)));
    }

    /// <summary>The lengths around the sizes of the kept prefix, the rented buffer and a read.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(511)]
    [InlineData(512)]
    [InlineData(513)]
    [InlineData(1024)]
    [InlineData(2048)]
    [InlineData(16 * 1024)]
    [InlineData(16 * 1024 + 512)]
    [InlineData(32 * 1024)]
    [InlineData(64 * 1024)]
    [InlineData(80 * 1024)]
    public async Task The_end_of_a_body_of_any_length_is_seen(int length)
    {
        foreach (var encoding in new[] { "identity", "gzip", "br" })
        {
            foreach (var before in new[] { new string('x', length), Garble(length) })
            {
                Assert.Equal(OutcomeKind.Failed, (await Answer(200, encoding, before + "FAILURE")).Kind);
                Prepare(200, encoding, Compress(
                    encoding, Encoding.UTF8.GetBytes($$"""{"result":"{{before}}","x":"FAILURE"}""")));
                var call = Call(_bank.Url + "/a?method=m") with { Protocol = "json-rpc" };
                Assert.Equal(OutcomeKind.Failed, (await new JsonRpcBranchInvoker(_http).Invoke(call, Token)).Kind);
            }
        }
    }

    [Fact]
    public async Task Several_gzip_members_are_one_body()
    {
        var members = Compress("gzip", "no mo"u8.ToArray())
            .Concat(Compress("gzip", "ney, FAIL"u8.ToArray()))
            .Concat(Compress("gzip", "URE"u8.ToArray()));
        Assert.Equal(Outcome.Failed("no money, FAILURE"), await Answer(200, "gzip", members.ToArray()));
    }

    [Theory]
    [InlineData("zstd", "its Content-Encoding 'zstd' is none of gzip, deflate, br")]
    [InlineData("gzip, compress", "its Content-Encoding 'compress' is none of gzip, deflate, br")]
    [InlineData("gzip, gzip, gzip", "it has more than 2 content encodings")]
    public async Task An_encoding_that_is_not_known_is_unknown_and_named(string encoding, string words)
    {
        var outcome = await Answer(200, encoding, "SUCCESS"u8.ToArray());
        Assert.Equal(OutcomeKind.Unknown, outcome.Kind);
        Assert.Contains(words, outcome.Error, StringComparison.Ordinal);
        Assert.Equal(OutcomeKind.Failed, (await Answer(409, encoding, "no"u8.ToArray())).Kind);
    }

    [Fact]
    public async Task Compression_is_not_asked_for()
    {
        await Answer(200, "identity", "");
        Assert.False(_bank.Seen[^1].Headers.ContainsKey("Accept-Encoding"));
    }

    /// <summary>The word is split over several reads, after more bytes than are kept.</summary>
    [Theory]
    [InlineData("FAILURE", OutcomeKind.Failed)]
    [InlineData("ONGOING", OutcomeKind.Ongoing)]
    public async Task A_word_is_found_across_the_pieces_of_a_body(string word, OutcomeKind kind)
    {
        foreach (var before in new[] { 0, 5, 511, 70_000 })
        {
            for (var cut = 1; cut < word.Length; cut++)
            {
                Assert.Equal(kind, (await Pieces(new string('x', before) + word[..cut], word[cut..], "y")).Kind);
            }

            Assert.Equal(
                kind, (await Pieces([new string('x', before), .. word.Select(static c => c.ToString())])).Kind);
        }

        Assert.Equal(OutcomeKind.Succeeded, (await Pieces(word[..3], "x", word[3..])).Kind);
    }

    [Fact]
    public void Words_are_found_however_a_body_is_cut()
    {
        var body = "xFAILUREyyONGOINGFAILONGOFAILUR"u8;
        for (var a = 0; a <= body.Length; a++)
        {
            for (var b = a; b <= body.Length; b++)
            {
                var scan = default(WordScan);
                scan.Read(body[..a]);
                scan.Read(body[a..b]);
                scan.Read(body[b..]);
                Assert.True(scan is { SaysFailure: true, SaysOngoing: true }, $"{a} {b}");
            }
        }
    }

    [Theory]
    [InlineData(200, OutcomeKind.Unknown)]
    [InlineData(409, OutcomeKind.Failed)]
    [InlineData(425, OutcomeKind.Ongoing)]
    [InlineData(500, OutcomeKind.Unknown)]
    public async Task A_body_that_breaks_off_says_nothing_and_its_status_what_it_always_says(
        int status, OutcomeKind kind)
    {
        foreach (var rest in new[]
        {
            "Content-Length: 100\r\n\r\nFAILURE", "Transfer-Encoding: chunked\r\n\r\n7\r\nFAILURE\r\n",
            "Transfer-Encoding: chunked\r\n\r\n10\r\nFAIL",
        })
        {
            using var service = new RawService($"HTTP/1.1 {status} X\r\n{rest}");
            var outcome = await new HttpBranchInvoker(_http).Invoke(Call(service.Url + "/a"), Token);
            Assert.Equal(kind, outcome.Kind);
            Assert.Contains($"HTTP status {status}, but ", outcome.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_json_rpc_answer_is_read_like_any_other_and_an_error_in_a_long_one_too()
    {
        var error = """{"jsonrpc":"2.0","id":"1","error":{"message":"no money","code":-32901,"data":" """
            + Garble(100_000) + "\"}}";
        Assert.Equal(OutcomeKind.Failed, (await JsonRpc("identity", error)).Kind);
        Assert.Equal(OutcomeKind.Failed, (await JsonRpc("gzip", error)).Kind);
        Assert.Equal(
            OutcomeKind.Ongoing,
            (await JsonRpc("br", error.Replace("-32901", "-32902", StringComparison.Ordinal))).Kind);
        Assert.Equal(
            OutcomeKind.Unknown,
            (await JsonRpc("br", error.Replace("-32901", "-32000", StringComparison.Ordinal))).Kind);

        var result = """{"jsonrpc":"2.0","id":"1","result":" """ + Garble(100_000) + "\"}";
        Assert.Equal(Outcome.Succeeded, await JsonRpc("gzip", result));
        Assert.Equal(OutcomeKind.Failed, (await JsonRpc("gzip", result[..^2] + "FAILURE\"}")).Kind);
        Assert.Equal(OutcomeKind.Unknown, (await JsonRpc("identity", Garble(100_000))).Kind); // A proxy's error page.

        async Task<Outcome> JsonRpc(string encoding, string text)
        {
            Prepare(200, encoding, Compress(encoding, Encoding.UTF8.GetBytes(text)));
            return await new JsonRpcBranchInvoker(_http).Invoke(
                Call(_bank.Url + "/a?method=m") with { Protocol = "json-rpc" }, Token);
        }
    }

    [Fact]
    public async Task A_content_encoding_that_is_no_compression_is_read_as_it_is()
    {
        Prepare(200, "utf-8", "FAILURE"u8.ToArray());
        Assert.Equal(
            OutcomeKind.Failed, (await new HttpBranchInvoker(_http).Invoke(Call(_bank.Url + "/a"), Token)).Kind);
    }

    [Fact]
    public async Task A_notice_is_delivered_by_its_status_alone()
    {
        Prepare(200, "zstd", "FAILURE"u8.ToArray());
        var notice = Call(_bank.Url + "/done") with { Op = "notice", BranchId = "" };
        Assert.Equal(Outcome.Succeeded, await new HttpBranchInvoker(_http).Invoke(notice, Token));
    }

    [Theory]
    [InlineData(429, "7", null, 7)]
    [InlineData(503, "7", null, 7)]
    [InlineData(503, "Sat, 28 Nov 2026 12:00:30 GMT", null, 30)]
    // The delay is relative to the service's Date, because its clock may differ.
    [InlineData(503, "Sat, 28 Nov 2026 15:00:30 GMT", "Sat, 28 Nov 2026 15:00:00 GMT", 30)]
    [InlineData(503, "Sat, 28 Nov 2026 11:00:00 GMT", null, 0)]
    [InlineData(503, "soon", null, 0)]
    [InlineData(503, "-3", null, 0)]
    [InlineData(500, "7", null, 0)]
    public async Task Retry_After_goes_with_the_outcome(int status, string value, string? date, double seconds)
    {
        var own = date is null ? "" : $"Date: {date}\r\n";
        using var service = new RawService(
            $"HTTP/1.1 {status} X\r\n{own}Retry-After: {value}\r\nContent-Length: 0\r\n\r\n");
        var outcome = await new HttpBranchInvoker(_http).Invoke(Call(service.Url + "/a"), Token);

        Assert.Equal((OutcomeKind.Unknown, TimeSpan.FromSeconds(seconds)), (outcome.Kind, outcome.RetryAfter));
    }

    [Theory]
    [InlineData("Connection", "close")]
    [InlineData("content-length", "999")]
    [InlineData("Transfer-Encoding", "chunked")]
    [InlineData("Expect", "100-continue")]
    [InlineData("TE", "trailers")]
    [InlineData("Trailer", "x")]
    [InlineData("Upgrade", "h2c")]
    [InlineData("Keep-Alive", "timeout=5")]
    [InlineData("Proxy-Connection", "close")]
    [InlineData("Proxy-Authorization", "Basic x")]
    [InlineData("HTTP2-Settings", "AAMAAABk")]
    public async Task A_stored_header_of_the_connection_is_left_out(string name, string value)
    {
        Prepare(200, "identity", []);
        var call = Call(_bank.Url + "/a") with
        {
            Headers = new Dictionary<string, string> { [name] = value, ["X-Own"] = "1" },
            Payload = "{}"u8.ToArray(),
        };

        Assert.Equal(Outcome.Succeeded, await new HttpBranchInvoker(_http).Invoke(call, Token));

        Assert.NotEqual(value, _bank.Seen[^1].Headers[name].ToString());
        Assert.Equal("1", _bank.Seen[^1].Headers["X-Own"]);
    }

    [Theory]
    [InlineData(HttpProtocols.Http2, "HTTP/2")]
    [InlineData(HttpProtocols.Http1, "HTTP/1.1")]
    public async Task Over_TLS_a_branch_may_speak_HTTP_2_only(HttpProtocols protocols, string spoken)
    {
        using var certificate = SelfSigned.Create();
        await using var bank = await BankService.Start(protocols, certificate);
        bank.Answer = static context => context.Response.WriteAsync("no money, FAILURE", CancellationToken.None);
        using var http = new BranchHttpClient(new InvokerOptions { TrustedRoots = () => [certificate] });
        var headers = new Dictionary<string, string> { ["Connection"] = "close", ["X-Own"] = "1" };

        var outcome = await new HttpBranchInvoker(http).Invoke(Call(bank.Url + "/a") with { Headers = headers }, Token);

        Assert.Equal(Outcome.Failed("no money, FAILURE"), outcome);
        Assert.Equal((spoken, "1"), (bank.Seen[0].Protocol, bank.Seen[0].Headers["X-Own"].ToString()));
    }

    private static BranchInvocation Call(string url) => new()
    {
        Gid = "g1",
        Type = TransactionType.Saga,
        Protocol = "http",
        BranchId = "01",
        Op = "action",
        Url = url,
    };

    private static byte[] Compress(string encodings, byte[] body)
    {
        foreach (var encoding in encodings.Split(", "))
        {
            var compressed = new MemoryStream();
            using (var stream = encoding.ToLowerInvariant() switch
            {
                "gzip" or "x-gzip" => new GZipStream(compressed, CompressionLevel.Fastest),
                "deflate" => new ZLibStream(compressed, CompressionLevel.Fastest),
                "bare deflate" => new DeflateStream(compressed, CompressionLevel.Fastest),
                "br" => new BrotliStream(compressed, CompressionLevel.Fastest),
                _ => (Stream?)null,
            })
            {
                if (stream is null)
                {
                    continue;
                }

                stream.Write(body);
            }

            body = compressed.ToArray();
        }

        return body;
    }

    /// <summary>Returns a text that does not compress well.</summary>
    private static string Garble(int length)
    {
        lock (Noise)
        {
            return string.Create(length, 0, static (text, _) =>
            {
                for (var i = 0; i < text.Length; i++)
                {
                    text[i] = (char)Noise.Next('a', 'z');
                }
            });
        }
    }

    private Task<Outcome> Answer(int status, string encoding, string text) =>
        Answer(status, encoding, Compress(encoding, Encoding.UTF8.GetBytes(text)));

    private Task<Outcome> Answer(int status, string encoding, byte[] body)
    {
        Prepare(status, encoding, body);
        return new HttpBranchInvoker(_http).Invoke(Call(_bank.Url + "/a"), Token);
    }

    private void Prepare(int status, string encoding, byte[] body) => _bank.Answer = async context =>
    {
        context.Response.StatusCode = status;
        context.Response.Headers.ContentEncoding = encoding.Replace("bare ", "", StringComparison.Ordinal);
        context.Response.ContentLength = body.Length % 2 == 0 ? body.Length : null;
        await context.Response.Body.WriteAsync(body, CancellationToken.None);
    };

    private Task<Outcome> Pieces(params string[] pieces)
    {
        _bank.Answer = async context =>
        {
            foreach (var piece in pieces)
            {
                await context.Response.WriteAsync(piece, CancellationToken.None);
                await context.Response.Body.FlushAsync(CancellationToken.None);
            }
        };
        return new HttpBranchInvoker(_http).Invoke(Call(_bank.Url + "/a"), Token);
    }
}
