using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Wire;

/// <summary>One server that most tests of the wire share; each test works with gids of its own.</summary>
public sealed class RunningServer : IAsyncLifetime
{
    private ServerProcess? _server;

    /// <summary>
    /// What the shared server waits before it asks a branch again, where the transaction says nothing else.
    /// </summary>
    public static TimeSpan RetryInterval { get; } = TimeSpan.FromMilliseconds(300);

    public ServerProcess Process => _server!;

    public Dtm Dtm { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await ServerProcess.Start(TestContext.Current.CancellationToken, ("RETRY_INTERVAL", "0.3"));
        Dtm = new Dtm(_server);
    }

    public async ValueTask DisposeAsync()
    {
        Dtm?.Dispose();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }
}

/// <summary>
/// Tests of the wire that leave the server as it is share one, and follow each other: some look at all that is in it.
/// </summary>
[CollectionDefinition(Name)]
public sealed class SharedServer : ICollectionFixture<RunningServer>
{
    public const string Name = "shared server";
}
