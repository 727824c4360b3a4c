using System.Collections.Immutable;
using OrleansDtm.Core;
using OrleansDtm.Storage;
using OrleansDtm.Tests.Support.Storage;
using Xunit;

namespace OrleansDtm.UnitTests.Storage;

/// <summary>The attempts of a sort are those that the list shows.</summary>
public sealed class ProgressReaderTests
{
    [Fact]
    public void Attempts_are_those_of_the_call_that_the_transaction_waits_for()
    {
        var seed = StoredSamples.Rich("g");
        var times = new DateTimeOffset?[] { null, StoredSamples.Start, StoredSamples.Start.AddSeconds(1) };
        var calls = (
            from status in new[] { BranchStatus.Prepared, BranchStatus.Succeed }
            from at in times
            from parked in new[] { false, true }
            from flying in new[] { false, true }
            select seed.Branches[0] with { Status = status, RetryAt = at, Parked = parked, InFlight = flying })
            .ToArray();
        foreach (var (first, i) in calls.Select(static (call, i) => (call, i)))
        {
            foreach (var second in calls)
            {
                foreach (var query in (BranchOp?[])[null, calls[i] with { Definition = seed.Query!.Definition }])
                {
                    var state = seed with
                    {
                        Query = query is null ? null : query with { Attempts = 7 },
                        Branches = ImmutableArray.Create(first with { Attempts = 2 }, second with { Attempts = 3 }),
                    };
                    Assert.Equal(
                        Waiting.AttemptsOf(state), StoredRows.AttemptsOf(TransactionCodec.EncodeProgress(state)));
                }
            }
        }
    }

    [Fact]
    public void A_damaged_row_does_not_hide_the_others()
    {
        Assert.Equal(0, StoredRows.AttemptsOf("{\"b\":[{\"n\":"u8.ToArray()));
        Assert.Equal(0, StoredRows.AttemptsOf("{\"b\":[{\"n\":\"x\"}]}"u8.ToArray()));
        Assert.Equal(0, StoredRows.AttemptsOf([]));
    }
}
