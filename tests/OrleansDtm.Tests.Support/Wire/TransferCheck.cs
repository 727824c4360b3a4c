using Xunit;

namespace OrleansDtm.Tests.Support.Wire;

/// <summary>Checks the invariants of transfers after all have ended.</summary>
public static class TransferCheck
{
    /// <summary>
    /// Asserts that every transfer has the correct final status and took effect once or not at all, and that the total
    /// amount of money is unchanged.
    /// </summary>
    /// <param name="transfers">The accepted transfers.</param>
    /// <param name="statuses">The final status of each transfer.</param>
    /// <param name="bank">The accounts.</param>
    /// <param name="allowsLateCalls">
    /// True = an action may arrive after its own compensation, but must then have no effect.
    /// </param>
    public static void AllIsRight(
        IReadOnlyCollection<Transfer> transfers, IReadOnlyDictionary<string, string> statuses, Bank bank,
        bool allowsLateCalls = false)
    {
        if (!allowsLateCalls)
        {
            Assert.Empty(bank.Violations);
        }

        var expected = new long[Bank.Accounts];
        var wrong = new List<string>();
        foreach (var transfer in transfers)
        {
            wrong.AddRange(Wrongs(transfer, statuses[transfer.Gid], bank).Select(
                w => $"{transfer} is {statuses[transfer.Gid]}: {w}"));
            if (transfer.Succeeds)
            {
                expected[transfer.From.Account] += transfer.From.Amount;
                expected[transfer.To.Account] += transfer.To.Amount;
            }
        }

        Assert.Empty(wrong);
        Assert.Equal(0, bank.Balances.Sum());
        Assert.Equal(expected, bank.Balances);
    }

    private static IEnumerable<string> Wrongs(Transfer transfer, string status, Bank bank)
    {
        if (status != (transfer.Succeeds ? "succeed" : "failed"))
        {
            yield return "the other end was due";
        }

        foreach (var branch in new[] { "01", "02" })
        {
            var done = bank.TookEffect(transfer.Gid, branch, "action");
            var undone = bank.TookEffect(transfer.Gid, branch, "compensate");
            if (transfer.Succeeds ? !done || undone : done != undone)
            {
                yield return $"branch {branch}: action took effect: {done}, compensation took effect: {undone}";
            }

            if (transfer.Succeeds && bank.Asked(transfer.Gid, branch, "compensate") > 0)
            {
                yield return $"branch {branch} was compensated in a saga that succeeded";
            }
        }
    }
}
