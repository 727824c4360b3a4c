using OrleansDtm.Core;
using OrleansDtm.UnitTests.Core;

namespace OrleansDtm.UnitTests.Grains.Faults;

/// <summary>
/// A transaction, the requests of its submitter, the responses of its branches, and its expected end.
/// </summary>
/// <param name="Layout">The pattern.</param>
/// <param name="Words">The transaction in the words of <see cref="TransactionRun"/>.</param>
/// <param name="Requests">The requests in order. Each is repeated until it is accepted.</param>
/// <param name="Refusing">The calls that are answered FAILURE.</param>
/// <param name="Ends">The expected end.</param>
internal sealed record FaultScenario(
    Layout Layout, string Words, string[] Requests, string[] Refusing, TransactionStatus Ends)
{
    /// <summary>True = the response to each first attempt is lost.</summary>
    public bool Flaky { get; init; }

    public static IReadOnlyDictionary<string, FaultScenario> All { get; } = new Dictionary<string, FaultScenario>
    {
        ["saga"] = Saga("3", [], TransactionStatus.Succeed),
        ["saga with lost answers"] = Saga("2 interval=1", [], TransactionStatus.Succeed) with { Flaky = true },
        ["saga rolled back"] = Saga("3", ["a2"], TransactionStatus.Failed),
        ["saga rolled back with lost answers"] = Saga("2 interval=1", ["a1"], TransactionStatus.Failed) with
        {
            Flaky = true,
        },
        ["concurrent saga"] = Saga("3 concurrent", [], TransactionStatus.Succeed),
        ["concurrent saga with an order"] = Saga("3 concurrent 2<0,1", [], TransactionStatus.Succeed),
        ["concurrent saga rolled back"] = Saga("3 concurrent", ["a1"], TransactionStatus.Failed),
        ["msg"] = Msg("2 timeout=600", ["prepare", "submit"], [], TransactionStatus.Succeed),
        ["msg submitted at once"] = Msg("2 concurrent", ["submit"], [], TransactionStatus.Succeed),
        ["msg that is asked about"] = Msg("2 timeout=5", ["prepare"], [], TransactionStatus.Succeed),
        ["msg that was not meant"] = Msg("2 timeout=5", ["prepare"], ["q0"], TransactionStatus.Failed),
        ["tcc confirmed"] = Two(Layout.Tcc, "submit", TransactionStatus.Succeed),
        ["tcc cancelled"] = Two(Layout.Tcc, "abort", TransactionStatus.Failed),
        ["tcc with lost answers"] = Two(Layout.Tcc, "submit", TransactionStatus.Succeed) with { Flaky = true },
        ["xa committed"] = Two(Layout.Xa, "submit", TransactionStatus.Succeed),
        ["xa rolled back"] = Two(Layout.Xa, "abort", TransactionStatus.Failed),
        ["workflow"] = new(Layout.Workflow, "2", ["prepare", "reg0", "reg1", "succeed"], [], TransactionStatus.Succeed),
        ["workflow that failed"] = new(Layout.Workflow, "1", ["prepare", "reg0", "fail"], [], TransactionStatus.Failed),
    };

    private static FaultScenario Saga(string words, string[] refusing, TransactionStatus ends) =>
        new(Layout.Saga, words, ["submit"], refusing, ends);

    private static FaultScenario Msg(string words, string[] requests, string[] refusing, TransactionStatus ends) =>
        new(Layout.Msg, words, requests, refusing, ends);

    private static FaultScenario Two(Layout layout, string end, TransactionStatus ends) =>
        new(layout, "2 timeout=600", ["prepare", "reg0", "reg1", end], [], ends);
}
