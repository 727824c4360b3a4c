using Microsoft.Extensions.Logging.Abstractions;
using OrleansDtm.Storage;
using OrleansDtm.Storage.Servers;
using OrleansDtm.Tests.Storage;
using Xunit;

namespace OrleansDtm.Tests.Databases;

[Collection(SharedPostgres.Name)]
public sealed class PostgresStoreTests : TransactionStoreConformance
{
    private readonly string _connectionString;

    public PostgresStoreTests(DatabaseUnderTest<PostgresServer> database) => _connectionString = database.NewDatabase();

    protected override ITransactionStore Create() => ServerTransactionStore.Postgres(
        new ServerStoreOptions { ConnectionString = _connectionString }, TimeProvider.System, NullLogger<ServerTransactionStore>.Instance);
}
