using Xunit;

namespace OrleansDtm.Tests.Support.Databases;

/// <summary>A server that several test classes share. Their tests must not change the server.</summary>
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
