using OrleansDtm.Storage;
using OrleansDtm.Tests.Support.Storage;
using Xunit;

namespace OrleansDtm.UnitTests.Storage;

public sealed class InMemoryTransactionStoreTests : TransactionStoreConformance
{
    [Fact]
    public void Writes_CompleteAtOnce() =>
        Assert.True(Store.Write(StoredSamples.Insert(StoredSamples.Plain("now")), Token).IsCompletedSuccessfully);

    protected override ITransactionStore Create() => new InMemoryTransactionStore();
}
