using Xunit;

namespace OrleansDtm.Tests.Databases;

/// <summary>A server that the tests of a class or collection share. Skips them where it is not installed, which CI does not allow.</summary>
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

/// <summary>Tests that leave the server as it is share one.</summary>
[CollectionDefinition(Name)]
public sealed class SharedMariaDb : ICollectionFixture<DatabaseUnderTest<MariaDbServer>>
{
    public const string Name = "shared MariaDB";
}

/// <inheritdoc cref="SharedMariaDb"/>
[CollectionDefinition(Name)]
public sealed class SharedPostgres : ICollectionFixture<DatabaseUnderTest<PostgresServer>>
{
    public const string Name = "shared PostgreSQL";
}

/// <inheritdoc cref="SharedMariaDb"/>
[CollectionDefinition(Name)]
public sealed class SharedPgBouncer : ICollectionFixture<DatabaseUnderTest<PgBouncerServer>>
{
    public const string Name = "shared PostgreSQL behind pgbouncer";
}

/// <inheritdoc cref="SharedMariaDb"/>
[CollectionDefinition(Name)]
public sealed class SharedMySql : ICollectionFixture<DatabaseUnderTest<MySqlServer>>
{
    public const string Name = "shared MySQL";
}
