using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Storage;
using OrleansDtm.Storage.Drivers;

namespace OrleansDtm.Benchmarks.Pending;

/// <summary>
/// Fills a store with messages that are due in days, through the storage library as the server does. No server may use
/// the store.
/// </summary>
internal static class PendingFill
{
    private const int WritersMax = 2000;
    private static readonly TimeSpan Delay = TimeSpan.FromDays(30);

    /// <param name="store">sqlite, mysql or postgres.</param>
    /// <param name="place">The file or the connection string of the store.</param>
    /// <param name="branch">The branch service of the messages.</param>
    /// <param name="count">The number of messages.</param>
    /// <param name="stop">Cancels the fill.</param>
    /// <returns>The duration.</returns>
    public static async Task<TimeSpan> Fill(string store, string place, Uri branch, int count, CancellationToken stop)
    {
        var clock = Stopwatch.StartNew();
        await using var target = Open(store, place);
        await target.Start(stop);
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, Math.Min(WritersMax, count)).Select(_ => Task.Run(Writer, stop)));
        return clock.Elapsed;

        async Task Writer()
        {
            for (int number; (number = Interlocked.Increment(ref next)) < count;)
            {
                if (await target.Write(new TransactionWrite(null, Message(number, branch), 0), stop)
                    != WriteResult.Written)
                {
                    throw new InvalidOperationException("A message could not be stored: its gid exists.");
                }
            }
        }
    }

    private static ITransactionStore Open(string store, string place) => StoreDrivers.All.Find(store)
        .Create(new DatabaseOptions { Place = place }, TimeProvider.System, NullLoggerFactory.Instance);

    /// <summary>
    /// Builds the state that Core makes of a submit. Gids are random, as real ones are, so inserts go to random places
    /// of the index.
    /// </summary>
    private static Transaction Message(int number, Uri branch)
    {
        var now = DateTimeOffset.UtcNow;
        var name = Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture));
        var definition = new TransactionDefinition
        {
            Gid = "pending-" + Convert.ToHexStringLower(SHA256.HashData(name).AsSpan(0, 10)),
            Type = TransactionType.Msg,
            Created = DateTimeOffset.FromUnixTimeMilliseconds(now.ToUnixTimeMilliseconds()),
            CustomData = """{"delay":2592000}""",
            Options = new TransactionOptions { Delay = Delay },
        };
        ImmutableArray<BranchOpDefinition> branches =
        [
            .. new[] { "01", "02" }.Select(
                id => new BranchOpDefinition(id, BranchOps.Action, $"{branch}out", "{\"amount\":30}"u8.ToArray(), now)),
        ];
        var submitted = TransactionMachine.Decide(
            null, new TransactionEvent.Submit(new Submission(definition, branches)), now);
        return submitted.Next! with { Version = 1 };
    }
}
