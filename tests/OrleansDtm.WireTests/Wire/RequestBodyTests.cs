using System.Text;
using Microsoft.AspNetCore.Http;
using OrleansDtm.Grains.Service;
using OrleansDtm.Server.Apis;
using Xunit;

namespace OrleansDtm.WireTests.Wire;

/// <summary>Bodies that arrive in several parts.</summary>
public sealed class RequestBodyTests
{
    /// <summary>The number of bytes in a read of the stream.</summary>
    private const int Piece = 4096;

    [Theory]
    [InlineData("tru}")]
    [InlineData("trux}")]
    [InlineData("fals")]
    [InlineData("nul,")]
    [InlineData("{\"a\":nu")]
    public async Task A_literal_broken_off_where_two_pieces_meet_is_bad_JSON_like_any_other(string end)
    {
        for (var offset = -8; offset <= 2; offset++)
        {
            var start = "{\"gid\":\"" + new string('x', Piece - 40 + offset) + "\",\"wait_result\":";
            var body = Encoding.UTF8.GetBytes(start + end);
            var context = new DefaultHttpContext();
            context.Request.Body = new MemoryStream([.. body, .. Enumerable.Repeat((byte)' ', Piece)]);
            await Assert.ThrowsAsync<RequestException>(async () => await RequestBody.Read(context, 1 << 20));
        }
    }

    [Fact]
    public async Task A_body_of_many_pieces_is_read_whole()
    {
        var context = new DefaultHttpContext();
        var reason = new string('ü', 50_000);
        context.Request.Body = new MemoryStream(
            Encoding.UTF8.GetBytes($$"""{"gid":"g","rollback_reason":"{{reason}}"}"""));

        Assert.Equal(reason, (await RequestBody.Read(context, 1 << 20)).RollbackReason);
    }
}
