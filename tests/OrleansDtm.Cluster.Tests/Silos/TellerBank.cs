using System.Text;
using System.Text.Json;
using OrleansDtm.Core;
using OrleansDtm.Invokers;
using OrleansDtm.Tests.Support.Grains;
using OrleansDtm.Tests.Support.Wire;

namespace OrleansDtm.Cluster.Tests.Silos;

/// <summary>The bank of the wire tests, without a network.</summary>
internal sealed class TellerBank(Bank bank) : IBranchInvoker
{
    private int _order;

    public Bank Bank { get; } = bank;

    /// <summary>
    /// Awaited before a call is answered, so that a test can hold it back; null = the call is answered at once.
    /// </summary>
    public Func<BranchInvocation, CancellationToken, Task>? Delay { get; set; }

    public static Planned Saga(Transfer transfer) => new()
    {
        Type = TransactionType.Saga,
        Steps = [Step(transfer.From), Step(transfer.To)],
        RetryIntervalMs = 100,
        RetryIntervalMaxMs = 1000,
        RequestTimeoutMs = 3000,
        WaitResult = true,
    };

    public async Task<Outcome> Invoke(BranchInvocation call, CancellationToken cancellationToken)
    {
        if (Delay is { } delay)
        {
            await delay(call, cancellationToken);
        }

        var query = new Dictionary<string, string>
        {
            ["gid"] = call.Gid,
            ["branch_id"] = call.BranchId,
            ["op"] = call.Op,
        };
        var reply = Bank.Answer(new Call(
            Interlocked.Increment(ref _order), TimeSpan.Zero, "POST", call.Url, query, query, Encoding.UTF8.GetString(
                call.Payload.Span)));
        return reply switch
        {
            { Drops: true } => Outcome.Unknown("connection lost"),
            { Status: 200 } => Outcome.Succeeded,
            { Status: 409 } => Outcome.Failed("balance too low"),
            { Status: 425 } => Outcome.Ongoing(),
            _ => Outcome.Unknown($"{reply.Status}"),
        };
    }

    private static BranchStep Step(Booking booking) =>
        new("http://bank/do", "http://bank/undo", JsonSerializer.SerializeToUtf8Bytes(booking));
}
