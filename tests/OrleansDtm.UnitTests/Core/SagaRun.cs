namespace OrleansDtm.UnitTests.Core;

/// <summary>A saga's <see cref="TransactionRun"/>.</summary>
internal sealed class SagaRun(string saga, string gid = "g1") : TransactionRun(Layout.Saga, saga, gid)
{
    public static string Name(int index) => Layout.Saga.Name(index);

    public static int Index(string name) => Layout.Saga.Index(name);
}
