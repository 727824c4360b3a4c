using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Hosting;
using Xunit;

namespace OrleansDtm.DatabaseTests.Databases;

/// <summary>The settings select the store, and no message contains a password.</summary>
public sealed class StoreSettingsTests
{
    [Fact]
    public void Dtms_conf_yml_is_understood()
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(
            file,
            """
            Store:
              Driver: 'postgres'
              Host: 'db.example'
              User: 'postgres'
              Password: 'mysecretpassword'
              Port: 5433
              Db: 'transactions'
              Schema: 'public'
              MaxOpenConns: 500
              MaxIdleConns: 5
              ConnMaxLifeTime: 5
              CommitDelay: 0.002
            """);
        try
        {
            var store = SettingsLoader.Load(["-c", file]).Store;
            Assert.Equal(
                ("postgres", "db.example", 5433, "public"), (store.Driver, store.Host, store.Port, store.Schema));
            Assert.Equal(
                (500, 5, TimeSpan.FromMinutes(5)), (store.MaxOpenConns, store.MaxIdleConns, store.ConnMaxLifeTime));
            Assert.Equal(TimeSpan.FromMilliseconds(2), StoreFactory.Database(store, "").GroupCommit.CommitDelay);
            Assert.DoesNotContain("mysecretpassword", store.ToString(), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData(
        "Store:Password", "--Store:Driver=mysql", "--Store:ConnectionString=Server=a;Database=b;Password=s3cret",
        "--Store:Password=s3cret")]
    [InlineData(
        "Store:Host", "--Store:Driver=postgres", "--Store:ConnectionString=Host=a;Database=b", "--Store:Host=a")]
    [InlineData("Store:ConnectionString", "--Store:Driver=mysql", "--Store:ConnectionString=Server=a;Password=s3cret")]
    [InlineData("Store:ConnectionString", "--Store:Driver=mysql", "--Store:ConnectionString=s3cret")]
    [InlineData(
        "Store:ConnectionString", "--Store:Driver=postgres", "--Store:ConnectionString=Host=a;Database=b;Prot=s3cret")]
    [InlineData(
        "Store:ConnectionString",
        "--Store:Driver=postgres",
        "--Store:ConnectionString=Host=a;Database=b;Minimum Pool Size=9;Maximum Pool Size=3")]
    [InlineData("Store:Driver", "--Store:ConnectionString=Server=a;Database=b;Password=s3cret")]
    [InlineData("Store:Path", "--Store:Path=Data Source=dtm.db;Cache=Shared;Mode=ReadOnly")]
    [InlineData("Store:Path", "--Store:Path=file:dtm.db?mode=ro")]
    [InlineData("Store:Path", "--Store:Path=:memory:")]
    [InlineData("Store:Shards", "--Store:Shards:0=a.db", "--Store:Shards:1=Data Source=b.db")]
    [InlineData("Store:MaxOpenConns", "--Store:MaxOpenConns=1")]
    public void What_is_wrong_is_named_without_its_secrets(string setting, params string[] arguments)
    {
        var refused = Assert.Throws<SettingsException>(() => SettingsLoader.Load(arguments));

        Assert.StartsWith($"{setting}:", Assert.Single(refused.Problems), StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", refused.ToString(), StringComparison.Ordinal);
    }
}
