using Xunit;

namespace OrleansDtm.Tests.Support.Databases;

/// <summary>
/// A server that the tests of a class or collection share. Skips them where it is not installed, which CI does not
/// allow.
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

    /// <summary>Of a database that does not exist yet, or has nothing in it.</summary>
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
