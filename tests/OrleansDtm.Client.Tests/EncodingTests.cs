using System.IO.Compression;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Xunit;

namespace OrleansDtm.Client.Tests;

/// <summary>Compressed responses that the client did not request, and JSON whose keys have another case.</summary>
public sealed class EncodingTests : IAsyncDisposable
{
    private WebApplication? _server;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string> Encodings { get; } =
        ["gzip", "GZip", "x-gzip", "deflate", "raw deflate", "br", "identity", "gzip, br"];

    [Theory]
    [MemberData(nameof(Encodings))]
    public async Task The_coordinators_answers_are_read(string encoding)
    {
        await using var client = Clients.Of(await Serve(encoding, """
            {"Branches":[{"Branch_ID":"01","OP":"action","Status":"succeed","Attempts":3}],
             "TRANSACTION":{"Gid":"g","Trans_Type":"saga","Status":"failed","Rollback_Reason":"no money","Create_Time":"2024-11-01T09:59:59Z"}}
            """));

        var info = (await client.Dtm().QueryAsync("g", Cancel))!;

        Assert.Equal(("saga", GlobalStatus.Failed, "no money"), (info.TransType, info.Status, info.RollbackReason));
        Assert.Equal(("01", "action", 3), (info.Branches[0].BranchId, info.Branches[0].Op, info.Branches[0].Attempts));
        Assert.NotNull(info.Created);
    }

    [Theory]
    [MemberData(nameof(Encodings))]
    public async Task A_refusal_in_them_is_one(string encoding)
    {
        var server = await Serve(encoding, """{"DTM_Result":"FAILURE","Message":"current status 'failed'"}""");
        await using var client = Clients.Of(server);

        var conflict = await Assert.ThrowsAsync<DtmConflictException>(() => client.Dtm().ForceStopAsync("g", Cancel));
        Assert.Equal("current status 'failed'", conflict.Reason);
    }

    [Theory]
    [MemberData(nameof(Encodings))]
    public async Task A_refusal_of_a_participant_is_one(string encoding)
    {
        var bank = await Serve(
            encoding, """{"dtm_result":"FAILURE","message":"balance too low"}""", path => path == "/bank");
        await using var client = Clients.Of(
            bank, options => options.WorkflowCallback = "http://127.0.0.1:1/", services =>
            services.AddWorkflow<string>(
                "test",
                static async (workflow, url) => await workflow.NewBranch().Http.GetAsync(url),
                static settings => settings.HttpOutcome = static (_, body) =>
                    body.Span.IndexOf("FAILURE"u8) >= 0 ? BranchOutcome.Failure : BranchOutcome.Success));

        var refusal = await Assert.ThrowsAsync<BranchFailureException>(
            () => client.Dtm().TccAsync(
                tcc => tcc.CallBranchAsync(bank + "bank", "", "", 1), cancellationToken: Cancel));
        Assert.Equal("balance too low", refusal.Message);
        var workflow = await client.Dtm().WorkflowAsync("test", bank + "bank", cancellationToken: Cancel);
        Assert.Equal((GlobalStatus.Failed, "balance too low"), (workflow.Status, workflow.RollbackReason));
    }

    [Theory]
    [InlineData("gzip", 40)] // truncated
    [InlineData("br", 40)]
    [InlineData("deflate", 40)]
    [InlineData("zstd", int.MaxValue)]
    public async Task What_cannot_be_read_leaves_the_outcome_open(string encoding, int length)
    {
        var server = await Serve(encoding, string.Concat(Enumerable.Range(0, 500)), length: length);
        await using var client = Clients.Of(server);

        var error = await Assert.ThrowsAsync<DtmUnavailableException>(
            () => client.Dtm().Saga().Step("", "").SubmitAsync(Cancel));
        Assert.Contains(encoding, error.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<BranchUnavailableException>(
            () => client.Dtm().Branches().CallAsync(
                new() { Gid = "g", TransType = "tcc" }, "01", "try", server + "try", null, null, Cancel));
    }

    [Fact]
    public async Task What_grows_beyond_all_bounds_leaves_the_outcome_open()
    {
        await using var client = Clients.Of(await Serve("gzip", new string(' ', DtmHttpClients.ResponseBytesMax + 1)));

        var error = await Assert.ThrowsAsync<DtmUnavailableException>(
            () => client.Dtm().Saga().Step("", "").SubmitAsync(Cancel));
        Assert.Contains("larger than", error.Message, StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.StopAsync(CancellationToken.None);
            await _server.DisposeAsync();
        }
    }

    /// <summary>
    /// Answers requests on the given paths with the body, and all others as a coordinator that accepts everything.
    /// </summary>
    private async Task<Uri> Serve(
        string encoding, string body, Func<string, bool>? paths = null, int length = int.MaxValue)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(static kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _server = builder.Build();
        _server.Run(async http =>
        {
            if (paths?.Invoke(http.Request.Path) == false)
            {
                await http.Response.WriteAsync(
                    """{"dtm_result":"SUCCESS","transaction":{"status":"prepared"}}""", Cancel);
                return;
            }

            var bytes = encoding.Replace(" ", "", StringComparison.Ordinal).Split(',').Aggregate(
                Encoding.UTF8.GetBytes(body), Pack);
            http.Response.Headers.ContentEncoding = encoding.Replace("raw ", "", StringComparison.Ordinal);
            await http.Response.Body.WriteAsync(bytes.AsMemory(0, Math.Min(length, bytes.Length)), Cancel);
        });
        await _server.StartAsync(Cancel);
        return new Uri(_server.Urls.Single());
    }

    private static byte[] Pack(byte[] bytes, string encoding)
    {
        var packed = new MemoryStream();
        using (var packing = encoding.ToLowerInvariant() switch
        {
            "gzip" or "x-gzip" => new GZipStream(packed, CompressionMode.Compress),
            "deflate" => new ZLibStream(packed, CompressionMode.Compress),
            "rawdeflate" => new DeflateStream(packed, CompressionMode.Compress),
            "br" => new BrotliStream(packed, CompressionMode.Compress),
            _ => (Stream)packed,
        })
        {
            packing.Write(bytes);
        }

        return packed.ToArray();
    }
}

internal static class BranchesOf
{
    public static BranchCaller Branches(this IDtm dtm) => ((Dtm)dtm).Branches;
}
