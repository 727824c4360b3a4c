using Xunit;

namespace OrleansDtm.Tests.Support.Databases;

/// <summary>
/// A server that the tests of a class or collection share. The tests are skipped if it is not installed; with CI=true
/// they fail.
/// </summary>
public sealed class DatabaseUnderTest<TServer> : IAsyncLifetime
    where TServer : DatabaseServer, new()
{
    private int _databases;

    public TServer Server { get; } = new();

    public async ValueTask InitializeAsync()
    {
        if (Server.FindMissing() is null)
        {
            await Server.Start(TestContext.Current.CancellationToken);
        }
    }

    public ValueTask DisposeAsync() => Server.DisposeAsync();

    /// <summary>Returns the connection string of a new database, which is empty or does not exist yet.</summary>
    public string NewDatabase()
    {
        if (Server.FindMissing() is { } missing)
        {
            Assert.False(Environment.GetEnvironmentVariable("CI") == "true", $"{missing} is not installed");
            Assert.Skip($"{missing} is not installed");
        }

        var name = $"t{Interlocked.Increment(ref _databases)}";
        Server.Prepare(name);
        return Server.ConnectionString(name);
    }
}
