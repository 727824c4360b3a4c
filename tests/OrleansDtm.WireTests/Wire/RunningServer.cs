using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Wire;

/// <summary>The server that most wire tests share. Each test uses its own gids.</summary>
public sealed class RunningServer : IAsyncLifetime
{
    private ServerProcess? _server;

    /// <summary>The shared server's default retry interval.</summary>
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
/// Wire tests that share a server run one after the other, because some of them look at all transactions in it. They
/// must not change the server.
/// </summary>
[CollectionDefinition(Name)]
public sealed class SharedServer : ICollectionFixture<RunningServer>
{
    public const string Name = "shared server";
}
