using Npgsql;
using OrleansDtm.Storage.Postgres;
using OrleansDtm.Storage.Servers;
using Xunit;

namespace OrleansDtm.DatabaseTests.Databases;

/// <summary>
/// Settings in the connection string override the store's, under each of their names, even with Npgsql's default value.
/// </summary>
public sealed class PostgresSettingsTests
{
    private const string Place = "Host=a;Database=b";

    [Fact]
    public void Unnamed_settings_are_the_stores()
    {
        var readers = Settings("").Readers();
        Assert.Equal((16, 2, 32, 5, true), (
            readers.MaxPoolSize, readers.MinPoolSize, readers.MaxAutoPrepare, readers.Timeout, readers.NoResetOnClose));
        var writer = Settings("").Writer(withDatabase: true);
        Assert.Equal((false, 8, 10), (writer.Pooling, writer.MaxAutoPrepare, writer.CommandTimeout));
        Assert.Equal(8, Settings("").Cluster().MaxPoolSize);
    }

    [Fact]
    public void Named_settings_are_the_users()
    {
        const string own = ";Max Auto Prepare=0;No Reset On Close=false;MaxPoolSize=7;Minimum Pool "
            + "Size=0;Timeout=15;CommandTimeout=30;Pooling=false;Keepalive=9";
        var readers = Settings(own).Readers();
        Assert.Equal((7, 0, 0, 15, false), (
            readers.MaxPoolSize, readers.MinPoolSize, readers.MaxAutoPrepare, readers.Timeout, readers.NoResetOnClose));
        Assert.Equal((false, 30, 9), (readers.Pooling, readers.CommandTimeout, readers.KeepAlive));
        Assert.Equal((0, 30), (Settings(own).Writer(true).MaxAutoPrepare, Settings(own).Writer(true).CommandTimeout));
        Assert.Equal((7, 0), (Settings(own).Cluster().MaxPoolSize, Settings(own).Cluster().MaxAutoPrepare));

        var settled = PostgresSettings.Settle(Options(own));
        Assert.Equal((15, 30, 30), (
            settled.ConnectTimeout.TotalSeconds, settled.ReadTimeout.TotalSeconds, settled.CommitTimeout.TotalSeconds));
    }

    /// <summary>
    /// Negotiating it asks a DNS server for the name of the host: where none answers, connections time out.
    /// </summary>
    [Fact]
    public void Kerberos_encryption_is_negotiated_only_if_it_is_asked_for()
    {
        Assert.Equal(GssEncryptionMode.Disable, Settings("").Readers().GssEncryptionMode);
        Assert.Equal(GssEncryptionMode.Disable, Settings("").Writer(withDatabase: true).GssEncryptionMode);
        Assert.Equal(GssEncryptionMode.Disable, Settings("").Cluster().GssEncryptionMode);
        Assert.Equal(
            GssEncryptionMode.Require, Settings(";GSS Encryption Mode=Require").Readers().GssEncryptionMode);
        Assert.Equal(GssEncryptionMode.Prefer, Settings(";GssEncryptionMode=Prefer").Readers().GssEncryptionMode);
    }

    [Theory]
    [InlineData("", false)]
    [InlineData(";Max Auto Prepare=0", false)]
    [InlineData(";Max Auto Prepare=5;No Reset On Close=true", false)]
    [InlineData(";Max Auto Prepare=0;No Reset On Close=true", true)]
    public void A_pooler_is_allowed_for_when_both_are_named(string own, bool allowed) =>
        Assert.Equal(allowed, Settings(own).IsForPooler);

    /// <summary>Npgsql rejects a minimum above the maximum.</summary>
    [Fact]
    public void A_named_minimum_raises_the_stores_maximum()
    {
        Assert.Equal((50, 50), (
            Settings(";Minimum Pool Size=50").Readers().MaxPoolSize,
            Settings(";Minimum Pool Size=50").Cluster().MaxPoolSize));
        Assert.Equal((1, 1), (
            Settings(";Maximum Pool Size=1").Readers().MaxPoolSize,
            Settings(";Maximum Pool Size=1").Readers().MinPoolSize));
    }

    [Fact]
    public void Endless_waits_are_not_taken() =>
        Assert.Equal(
            Options(""),
            PostgresSettings.Settle(Options(";Timeout=0;Command Timeout=0")) with { ConnectionString = Place });

    private static ServerStoreOptions Options(string own) =>
        new() { ConnectionString = Place + own, GroupCommit = GroupCommit };

    private static readonly OrleansDtm.Storage.GroupCommitOptions GroupCommit = new();

    private static PostgresSettings Settings(string own) => new(Options(own));
}
