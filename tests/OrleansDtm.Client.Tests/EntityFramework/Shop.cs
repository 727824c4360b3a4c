using Microsoft.EntityFrameworkCore;
using OrleansDtm.Client.Tests.Databases;

namespace OrleansDtm.Client.Tests.EntityFramework;

/// <summary>The accounts of a <see cref="Bank"/> as a context, with an execution strategy that retries.</summary>
public sealed class Shop(DbContextOptions<Shop> options) : DbContext(options)
{
    public DbSet<Account> Accounts => Set<Account>();

    public static void Use(DbContextOptionsBuilder options, Bank bank)
    {
        var connection = bank.Connect().ConnectionString;
        switch (bank.Dialect)
        {
            case BarrierDialect.MySql:
                MySqlProvider.Use(options, connection);
                break;
            case BarrierDialect.PostgreSql:
                options.UseNpgsql(connection, static postgres => postgres.EnableRetryOnFailure());
                break;
            default:
                options.UseSqlite(connection);
                break;
        }
    }

    public async Task Take(long amount, CancellationToken cancel)
    {
        var account = await Accounts.SingleAsync(static a => a.Id == 0, cancel);
        account.Balance -= amount;
    }

    protected override void OnModelCreating(ModelBuilder modelBuilder) =>
        modelBuilder.Entity<Account>(static account =>
        {
            account.ToTable("account");
            account.Property(static a => a.Id).HasColumnName("id");
            account.Property(static a => a.Balance).HasColumnName("balance");
        });
}

public sealed class Account
{
    public int Id { get; set; }

    public long Balance { get; set; }
}
