using OrleansDtm.Storage;
using Xunit;

namespace OrleansDtm.Tests.Storage;

public sealed class InMemoryTransactionStoreTests : TransactionStoreConformance
{
    [Fact]
    public void Writes_CompleteAtOnce() =>
        Assert.True(Store.Write(Samples.Insert(Samples.Plain("now")), Token).IsCompletedSuccessfully);

    protected override ITransactionStore Create() => new InMemoryTransactionStore();
}
