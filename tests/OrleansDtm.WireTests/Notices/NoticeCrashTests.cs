using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Notices;

/// <summary>A notice is stored with its transaction, so it survives a crash.</summary>
public sealed class NoticeCrashTests
{
    [Fact]
    public async Task Notices_that_were_waiting_or_under_way_when_the_server_was_killed_are_delivered_by_the_next_one()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var busi = await Participant.Start();
        await using var server = await ServerProcess.Start(cancel);
        using var dtm = new Dtm(server);
        var (waiting, underWay) = (SagaBody.NewGid(), SagaBody.NewGid());
        busi.On("/Waiting", Reply.Error, Reply.Success);
        busi.On("/UnderWay", Reply.Success.After(new Gate()), Reply.Success);
        await dtm.Accept(NoticeTests.Notified(waiting, busi, "/Waiting").With("retry_interval", 2));
        await dtm.Accept(NoticeTests.Notified(underWay, busi, "/UnderWay").With("request_timeout", 60));
        await busi.Called("/Waiting");
        await busi.Called("/UnderWay");
        await Poll.Until(
            async () => (int?)(await dtm.Transaction(waiting))?["notice"]?["attempts"] == 1,
            Poll.Patience,
            static () => "the first answer was not written down",
            cancel);

        await server.Kill(cancel);
        await server.Restart(cancel);

        Assert.Equal(2, (int?)(await NoticeTests.Delivered(dtm, waiting))["attempts"]);
        // Only answered attempts count.
        Assert.Equal(1, (int?)(await NoticeTests.Delivered(dtm, underWay))["attempts"]);
        Assert.Equal((2, 2), (busi.On("/Waiting").Count, busi.On("/UnderWay").Count));
        Assert.Equal(4, busi.Paths.Count(static p => p.StartsWith("/Act", StringComparison.Ordinal)));
    }
}
