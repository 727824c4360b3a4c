using OrleansDtm.Tests.Support.Databases;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.DatabaseTests.Databases;

/// <summary>The whole coordinator on a database server. The coordinator is killed, then the database.</summary>
public abstract class CoordinatorOnServerTests<TServer>(DatabaseUnderTest<TServer> database)
    where TServer : DatabaseServer, new()
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public Task Every_pattern_works() => Patterns.Work(database.NewDatabase(), database.Server.Driver);

    [Fact]
    public async Task Sagas_survive_the_coordinator_and_the_database()
    {
        var place = database.NewDatabase();
        await using var busi = await Participant.Start();
        await using var server = await ServerProcess.Start(
            Cancel, ("STORE_DRIVER", database.Server.Driver), ("STORE_CONNECTION_STRING", place), ("STORE_PATH", ""), (
                "LOG_LEVEL", "info"));
        using var dtm = new Dtm(server);
        Assert.Contains($"transactions in {database.Server.Driver} database t", server.Tail, StringComparison.Ordinal);
        Assert.DoesNotContain(place, server.Tail, StringComparison.Ordinal);

        var overview = await dtm.Send(HttpMethod.Get, server.Url + "/ui/api/overview", null);
        var load = overview.Json!["silos"]![0]!["load"]!;
        Assert.InRange((int)load["store_connections"]!, 0, 100); // At this moment; without a server it is absent.
        Assert.InRange((int)load["client_connections"]!, 1, 100);
        Assert.InRange((double)load["clock_behind"]!, -1, 1);

        var hanging = SagaBody.NewGid();
        busi.On("/Act2", Reply.Success.After(new Gate()), Reply.Success);
        await dtm.Accept(SagaBody.Of(hanging, busi).With("request_timeout", 3));
        await busi.Called("/Act2");
        await server.Kill(Cancel);
        await server.Restart(Cancel);
        await dtm.Until("succeed", hanging);
        Assert.Single(busi.On("/Act1")); // A completed call is not repeated.

        await database.Server.Kill();
        var refused = await dtm.Submit(SagaBody.Of(SagaBody.NewGid(), busi));
        Assert.Equal((503, true), (refused.Status, refused.Message.Contains("try again", StringComparison.Ordinal)));
        Assert.Equal(503, (await dtm.Send(HttpMethod.Get, server.Url + "/health/ready", null)).Status);

        await database.Server.Restart(Cancel);
        var later = SagaBody.NewGid();
        await Poll.Until(
            async () => (await dtm.Submit(SagaBody.Of(later, busi))).Status == 200,
            Poll.Patience,
            () => $"nothing was accepted again:\n{server.Tail}",
            Cancel);
        await dtm.Until("succeed", later);
        Assert.Equal(200, (await dtm.Send(HttpMethod.Get, server.Url + "/health/ready", null)).Status);
    }
}

public sealed class CoordinatorOnMariaDbTests(DatabaseUnderTest<MariaDbServer> database)
    : CoordinatorOnServerTests<MariaDbServer>(database), IClassFixture<DatabaseUnderTest<MariaDbServer>>;

public sealed class CoordinatorOnMySqlTests(DatabaseUnderTest<MySqlServer> database)
    : CoordinatorOnServerTests<MySqlServer>(database), IClassFixture<DatabaseUnderTest<MySqlServer>>;

public sealed class CoordinatorOnPostgresTests(DatabaseUnderTest<PostgresServer> database)
    : CoordinatorOnServerTests<PostgresServer>(database), IClassFixture<DatabaseUnderTest<PostgresServer>>;
