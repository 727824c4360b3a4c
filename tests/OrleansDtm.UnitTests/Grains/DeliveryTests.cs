using OrleansDtm.Abstractions;
using OrleansDtm.Grains.Messages;
using Xunit;

namespace OrleansDtm.UnitTests.Grains;

/// <summary>Requests to silos that cannot take them.</summary>
public sealed class DeliveryTests
{
    [Fact]
    public async Task A_silo_of_an_earlier_version_is_named_as_the_cause()
    {
        var reply = await Delivery.Ask(
            static () => Task.FromException<TransactionReply>(
                new NotSupportedException("Unknown event 11, sent by a newer coordinator version.")),
            TimeProvider.System);
        Assert.Equal(ReplyKind.Unavailable, reply.Kind);
        Assert.Contains("earlier version", reply.Message, StringComparison.Ordinal);
        Assert.Contains("[ODTM4012]", reply.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_silo_that_does_not_respond_is_not()
    {
        var reply = await Delivery.Ask(
            static () => Task.FromException<TransactionReply>(new TimeoutException("30 s")), TimeProvider.System);
        Assert.Equal(ReplyKind.Unavailable, reply.Kind);
        Assert.Contains("[ODTM4005]", reply.Message, StringComparison.Ordinal);
    }
}
