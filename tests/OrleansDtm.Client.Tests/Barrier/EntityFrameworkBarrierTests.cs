using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Storage;
using OrleansDtm.Client.EntityFrameworkCore;
using OrleansDtm.Client.Tests.Databases;
using Xunit;

namespace OrleansDtm.Client.Tests.Barrier;

/// <summary>Barriers in the transaction of a DbContext.</summary>
public sealed class EntityFrameworkBarrierTests : IAsyncLifetime
{
    private readonly SqliteBank _bank = new();
    private readonly string _gid = Calls.NewGid();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await _bank.Create();

    public ValueTask DisposeAsync() => _bank.DisposeAsync();

    [Fact]
    public async Task What_the_business_changed_is_saved_with_the_row_once()
    {
        foreach (var expected in new[] { BarrierResult.Executed, BarrierResult.Duplicate })
        {
            await using var shop = new Shop(_bank);
            Assert.Equal(expected, await Calls.Of(_gid, "action").CallAsync(shop, () => Take(shop), Cancel));
            Assert.False(shop.ChangeTracker.HasChanges());
            Assert.Equal(System.Data.ConnectionState.Closed, shop.Database.GetDbConnection().State);
        }

        Assert.Equal(Bank.Start - 30, await _bank.Balance());
        Assert.Equal([$"saga {_gid} 01 action 01 action"], await _bank.BarrierRows(_gid));
    }

    [Fact]
    public async Task Who_fails_leaves_nothing_and_the_context_without_a_transaction()
    {
        await using var shop = new Shop(_bank);
        await Assert.ThrowsAsync<BranchFailureException>(() => Calls.Of(_gid, "action").CallAsync(
            shop,
            async () =>
            {
                await Take(shop);
                await shop.SaveChangesAsync(Cancel);
                throw new BranchFailureException("no money");
            },
            Cancel));
        Assert.Null(shop.Database.CurrentTransaction);
        Assert.Equal(Bank.Start, await _bank.Balance());
        Assert.Empty(await _bank.BarrierRows(_gid));
        Assert.Equal(
            BarrierResult.NullCompensation,
            await Calls.Of(_gid, "compensate").CallAsync(shop, () => Take(shop), Cancel));
        Assert.Equal(BarrierResult.Hanging, await Calls.Of(_gid, "action").CallAsync(shop, () => Take(shop), Cancel));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task In_the_contexts_transaction_it_is_the_caller_who_decides(bool commits)
    {
        await using var shop = new Shop(_bank);
        await using (var transaction = await shop.Database.BeginTransactionAsync(Cancel))
        {
            Assert.Equal(
                BarrierResult.Executed, await Calls.Of(_gid, "action").CallAsync(shop, () => Take(shop), Cancel));
            if (commits)
            {
                await transaction.CommitAsync(Cancel);
            }
        }

        Assert.Equal(commits ? Bank.Start - 30 : Bank.Start, await _bank.Balance());
        Assert.Equal(commits ? 1 : 0, (await _bank.BarrierRows(_gid)).Count);
    }

    [Theory]
    [InlineData(Loss.BeforeCommit)]
    [InlineData(Loss.AfterCommit)]
    public async Task A_strategy_that_retries_comes_to_one_effect(Loss loss)
    {
        await using var shop = new Shop(_bank, new Trouble(loss));
        var runs = 0;
        var result = await Calls.Of(_gid, "action").CallAsync(
            shop,
            () =>
            {
                runs++;
                return Take(shop);
            },
            Cancel);

        // If the response to the commit is lost, the barrier's row shows the commit.
        Assert.Equal(BarrierResult.Executed, result);
        Assert.Equal(loss == Loss.AfterCommit ? 1 : 2, runs);
        Assert.Equal(Bank.Start - 30, await _bank.Balance());
        Assert.Equal([$"saga {_gid} 01 action 01 action"], await _bank.BarrierRows(_gid));
    }

    [Theory]
    [InlineData(Loss.BeforeCommit)]
    [InlineData(Loss.AfterCommit)]
    public async Task A_retried_message_is_no_conflict_with_itself(Loss loss)
    {
        await using (var shop = new Shop(_bank, new Trouble(loss)))
        {
            Assert.Equal(
                BarrierResult.Executed, await BranchBarrier.ForMessage(_gid).CallAsync(shop, () => Take(shop), Cancel));
            Assert.Equal(BranchOutcome.Success, await Calls.Of(_gid, "msg", "00").QueryPreparedAsync(shop, Cancel));
        }

        await using var other = new Shop(_bank);
        await Assert.ThrowsAsync<DtmConflictException>(
            () => BranchBarrier.ForMessage(_gid).CallAsync(other, () => Take(other), Cancel));
        Assert.Equal(Bank.Start - 30, await _bank.Balance());
    }

    [Theory]
    [InlineData(Loss.BeforeCommit)]
    [InlineData(Loss.AfterCommit)]
    public async Task A_named_barrier_in_the_callers_own_attempts_comes_to_one_effect(Loss loss)
    {
        await using var shop = new Shop(_bank, new Trouble(loss));
        var barrier = Calls.Of(_gid, "action").Named("01");
        var result = await shop.Database.CreateExecutionStrategy().ExecuteAsync(
            async cancel =>
            {
                shop.ChangeTracker.Clear();
                await using var transaction = await shop.Database.BeginTransactionAsync(cancel);
                var attempt = await barrier.CallAsync(shop, () => Take(shop), cancel);
                await transaction.CommitAsync(cancel);
                return attempt;
            },
            Cancel);

        Assert.Equal(loss == Loss.AfterCommit ? BarrierResult.Duplicate : BarrierResult.Executed, result);
        Assert.Equal(Bank.Start - 30, await _bank.Balance());
        Assert.Equal([$"saga {_gid} 01 action 01 action"], await _bank.BarrierRows(_gid));
    }

    [Fact]
    public async Task What_failed_is_the_same_barrier_when_the_call_tries_it_again()
    {
        var barrier = Calls.Of(_gid, "action");
        await using var shop = new Shop(_bank);
        await Assert.ThrowsAsync<InvalidCastException>(
            () => barrier.CallAsync(shop, static () => throw new InvalidCastException(), Cancel));
        Assert.Equal(BarrierResult.Executed, await barrier.CallAsync(shop, () => Take(shop), Cancel));
        Assert.Equal([$"saga {_gid} 01 action 01 action"], await _bank.BarrierRows(_gid));
    }

    [Fact]
    public async Task Changes_that_no_business_saved_are_still_to_be_saved()
    {
        await using (var first = new Shop(_bank))
        {
            await Calls.Of(_gid, "action").CallAsync(first, () => Take(first), Cancel);
        }

        await using var shop = new Shop(_bank);
        await Take(shop);
        Assert.Equal(
            BarrierResult.Duplicate, await Calls.Of(_gid, "action").CallAsync(shop, () => Task.CompletedTask, Cancel));
        Assert.True(shop.ChangeTracker.HasChanges());
        await shop.SaveChangesAsync(Cancel);
        Assert.Equal(Bank.Start - 60, await _bank.Balance());
    }

    [Fact]
    public async Task Changes_from_before_are_not_given_to_a_retry_to_lose()
    {
        await using var shop = new Shop(_bank, new Trouble(Loss.None));
        await Take(shop);
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => Calls.Of(_gid, "action").CallAsync(shop, () => Task.CompletedTask, Cancel));
    }

    private static async Task Take(Shop shop)
    {
        var account = await shop.Accounts.SingleAsync(static a => a.Id == 0, Cancel);
        account.Balance -= 30;
    }

    public enum Loss
    {
        None,
        BeforeCommit,
        AfterCommit,
    }

    public sealed class Account
    {
        public int Id { get; set; }

        public long Balance { get; set; }
    }

    /// <param name="bank">The database.</param>
    /// <param name="trouble">Breaks the first commit. The context then has an execution strategy that retries.</param>
    private sealed class Shop(Bank bank, Trouble? trouble = null) : DbContext
    {
        public DbSet<Account> Accounts => Set<Account>();

        protected override void OnConfiguring(DbContextOptionsBuilder options)
        {
            options.UseSqlite(bank.Connect().ConnectionString, sqlite =>
            {
                if (trouble is not null)
                {
                    sqlite.ExecutionStrategy(static dependencies => new Retries(dependencies));
                }
            });
            if (trouble is not null)
            {
                options.AddInterceptors(trouble);
            }
        }

        protected override void OnModelCreating(ModelBuilder model) => model.Entity<Account>(static account =>
        {
            account.ToTable("account");
            account.Property(static a => a.Id).HasColumnName("id");
            account.Property(static a => a.Balance).HasColumnName("balance");
        });
    }

    private sealed class Retries(ExecutionStrategyDependencies dependencies)
        : ExecutionStrategy(dependencies, 3, TimeSpan.Zero)
    {
        protected override bool ShouldRetryOn(Exception exception) => exception is TimeoutException;

        protected override TimeSpan? GetNextDelay(Exception lastException) =>
            ExceptionsEncountered.Count > 3 ? null : TimeSpan.Zero;
    }

    /// <summary>Breaks the first commit.</summary>
    private sealed class Trouble(Loss loss) : DbTransactionInterceptor
    {
        private bool _over;

        public override ValueTask<InterceptionResult> TransactionCommittingAsync(
            DbTransaction transaction, TransactionEventData eventData, InterceptionResult result,
            CancellationToken cancellationToken = default) =>
            Break(Loss.BeforeCommit) ? throw new TimeoutException() : ValueTask.FromResult(result);

        public override Task TransactionCommittedAsync(
            DbTransaction transaction, TransactionEndEventData eventData,
            CancellationToken cancellationToken = default) =>
            Break(Loss.AfterCommit) ? throw new TimeoutException() : Task.CompletedTask;

        private bool Break(Loss at)
        {
            var breaks = loss == at && !_over;
            _over |= breaks;
            return breaks;
        }
    }
}
