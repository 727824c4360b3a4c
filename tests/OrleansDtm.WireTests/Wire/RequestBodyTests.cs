using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using OrleansDtm.Grains.Service;
using OrleansDtm.Protocol;
using OrleansDtm.Server.Apis;
using OrleansDtm.Tests.Support.Wire;
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
        var bodies = new LargeBodies(2, 1 << 20, TimeProvider.System);
        var context = Context(bodies);
        var reason = new string('ü', 50_000);
        context.Request.Body = new MemoryStream(
            Encoding.UTF8.GetBytes($$"""{"gid":"g","rollback_reason":"{{reason}}"}"""));

        Assert.Equal(reason, (await RequestBody.Read(context, 1 << 20)).RollbackReason);
    }

    [Fact]
    public async Task Large_bodies_that_arrive_slowly_are_few_and_end()
    {
        var clock = new FakeTimeProvider();
        var bodies = new LargeBodies(4, 1 << 20, clock);
        var slow = new[] { Slow(bodies), Slow(bodies) }; // Half of the places: the most of one address.
        var small = Context(bodies);
        small.Request.Body = new MemoryStream("{}"u8.ToArray());
        Assert.NotNull(await RequestBody.Read(small, 1 << 20));

        var third = Slow(bodies);
        clock.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal(503, (await Assert.ThrowsAsync<BadHttpRequestException>(() => Soon(third))).StatusCode);
        Assert.All(slow, static s => Assert.False(s.IsCompleted));

        clock.Advance(bodies.ReadMax);
        foreach (var body in slow)
        {
            Assert.Equal(408, (await Assert.ThrowsAsync<BadHttpRequestException>(() => Soon(body))).StatusCode);
        }

        var reason = new string('x', 100_000);
        var last = Context(bodies);
        last.Request.Body = new MemoryStream(Encoding.UTF8.GetBytes($$"""{"rollback_reason":"{{reason}}"}"""));
        Assert.Equal(reason, (await RequestBody.Read(last, 1 << 20)).RollbackReason);
    }

    [Theory]
    [InlineData(384L << 20, 4 << 20, 6)]
    [InlineData(64L << 20, 4 << 20, 2)]
    [InlineData(64L << 30, 4 << 20, 64)]
    public void Few_large_bodies_are_read_at_once_where_there_is_little_memory(long memory, int bytesMax, int places) =>
        Assert.Equal(places, LargeBodies.PlacesFor(memory, bytesMax));

    private static Task Soon(Task task) => task.WaitAsync(Poll.Patience, TestContext.Current.CancellationToken);

    /// <summary>A request whose body starts with 100 kB and never ends.</summary>
    private static async Task<TransactionRequest> Slow(LargeBodies bodies)
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        pipe.Writer.Write(new byte[100_000]);
        var context = Context(bodies);
        context.Request.Body = pipe.Reader.AsStream();
        await pipe.Writer.FlushAsync();
        return await RequestBody.Read(context, 1 << 20);
    }

    private static DefaultHttpContext Context(LargeBodies bodies) => new()
    {
        RequestServices = new ServiceCollection().AddSingleton(bodies).BuildServiceProvider(),
    };
}
