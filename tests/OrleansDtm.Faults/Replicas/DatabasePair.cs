using OrleansDtm.Tests.Support.Databases;

namespace OrleansDtm.Faults.Replicas;

/// <summary>
/// A primary and a standby that has each commit before the primary answers it (semi-synchronous, synchronous). A
/// failover loses the primary's disk, too: it comes back empty and is filled again by the new primary.
/// </summary>
internal abstract class DatabasePair : IAsyncDisposable
{
    private static readonly TimeSpan CatchUpLimit = TimeSpan.FromSeconds(90);

    private int _servers;

    public DatabaseServer Primary { get; private set; } = null!;

    public DatabaseServer Standby { get; private set; } = null!;

    /// <returns>The pair; null = the store has no replicas here.</returns>
    public static DatabasePair Of(string store) => store switch
    {
        "postgres" => new PostgresPair(),
        "mysql9" => new MySqlPair(),
        _ => new MariaDbPair(),
    };

    /// <summary>Returns the name of a missing program; null = everything is installed.</summary>
    public string? FindMissing()
    {
        Primary ??= Create(++_servers);
        return Primary.FindMissing();
    }

    public async Task Start()
    {
        Primary ??= Create(++_servers);
        await Primary.Start(CancellationToken.None);
        await AddStandby();
    }

    /// <summary>Makes the standby the primary. The old one must not run, or be paused.</summary>
    /// <returns>The old primary, which is dead to the world.</returns>
    public async Task<DatabaseServer> Promote()
    {
        await Promote(Standby);
        var old = Primary;
        Primary = Standby;
        return old;
    }

    /// <summary>Replaces a lost server by an empty one that becomes the standby.</summary>
    public async Task Replace(DatabaseServer lost)
    {
        await lost.DisposeAsync();
        await AddStandby();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in (DatabaseServer?[])[Standby, Primary])
        {
            if (server is not null)
            {
                await server.DisposeAsync();
            }
        }
    }

    /// <param name="number">Of no other server: servers skip changes that seem to be their own.</param>
    protected abstract DatabaseServer Create(int number);

    /// <summary>Starts an empty server as a copy of the primary that follows it.</summary>
    protected abstract Task Follow(DatabaseServer standby, DatabaseServer primary);

    /// <summary>Returns true if the standby has everything that the primary has.</summary>
    protected abstract Task<bool> HasAll(DatabaseServer standby, DatabaseServer primary);

    /// <summary>The standby has everything. From now on its commits must be durable.</summary>
    protected virtual Task CaughtUp(DatabaseServer standby) => Task.CompletedTask;

    /// <summary>From now on the primary answers no commit that the standby does not have.</summary>
    protected abstract Task WaitForStandby(DatabaseServer primary);

    protected abstract Task Promote(DatabaseServer standby);

    /// <exception cref="OperationCanceledException">Not met within <see cref="CatchUpLimit"/>.</exception>
    protected static async Task Until(Func<Task<bool>> isMet)
    {
        using var limit = new CancellationTokenSource(CatchUpLimit);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (!await isMet())
        {
            await timer.WaitForNextTickAsync(limit.Token);
        }
    }

    private async Task AddStandby()
    {
        Standby = Create(++_servers);
        await Follow(Standby, Primary);
        await Until(() => HasAll(Standby, Primary));
        await CaughtUp(Standby);
        await WaitForStandby(Primary);
    }
}
