using Microsoft.Extensions.Logging.Abstractions;
using OrleansDtm.Storage;
using OrleansDtm.Storage.Servers;
using OrleansDtm.Tests.Storage;
using Xunit;

namespace OrleansDtm.Tests.Databases;

[Collection(SharedMariaDb.Name)]
public sealed class MySqlStoreTests : TransactionStoreConformance
{
    private readonly string _connectionString;

    public MySqlStoreTests(DatabaseUnderTest<MariaDbServer> database) => _connectionString = database.NewDatabase();

    protected override ITransactionStore Create() => ServerTransactionStore.MySql(
        new ServerStoreOptions { ConnectionString = _connectionString }, TimeProvider.System, NullLogger<ServerTransactionStore>.Instance);
}
