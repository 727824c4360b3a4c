using OrleansDtm.Abstractions;
using OrleansDtm.Protocol;
using OrleansDtm.Server.Apis;
using Xunit;

namespace OrleansDtm.WireTests.JsonRpc;

/// <summary>The mapping of a transaction's replies to JSON-RPC.</summary>
public sealed class JsonRpcReplyTests
{
    [Theory]
    [InlineData(ReplyKind.Conflict, JsonRpcCodes.Failure)]
    [InlineData(ReplyKind.NotFound, JsonRpcCodes.Failure)]
    [InlineData(ReplyKind.Invalid, JsonRpcCodes.Internal)]
    [InlineData(ReplyKind.TooLarge, JsonRpcCodes.Internal)]
    [InlineData(ReplyKind.Unavailable, JsonRpcCodes.Internal)]
    public void A_refusal_has_its_code(ReplyKind kind, int code)
    {
        var reply = JsonRpcApi.Of(new TransactionReply { Kind = kind, Message = "why" }, Awaited.Nothing);

        Assert.Equal(code, reply.Code);
        Assert.Contains("why", reply.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_its_store_the_coordinator_asks_to_try_again_and_does_not_say_FAILURE()
    {
        var reply = JsonRpcApi.Of(
            new TransactionReply { Kind = ReplyKind.Unavailable, Message = "the store does not answer" },
            Awaited.Success);

        Assert.Equal((JsonRpcCodes.Internal, "try again: the store does not answer"), (reply.Code, reply.Message));
        Assert.DoesNotContain(ResultWords.Failure, reply.Message, StringComparison.Ordinal);
    }
}
