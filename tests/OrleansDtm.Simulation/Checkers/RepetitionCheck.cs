using OrleansDtm.Abstractions;
using OrleansDtm.Core;
using OrleansDtm.Simulation.Histories;
using OrleansDtm.Simulation.Submitters;

namespace OrleansDtm.Simulation.Checkers;

/// <summary>
/// Checks that a repeated request has one effect, and that it is rejected only because of a state that was durable
/// between request and reply.
/// </summary>
internal sealed class RepetitionCheck : Check
{
    public override string Name => "10 repetitions";

    public override IEnumerable<string> Judge(Case seen)
    {
        if (seen.Rows.Count(static r => r.State.Version == 1) > 1)
        {
            yield return "it was created twice";
        }

        if (seen.Last is { } last && last.State.Branches.GroupBy(static b => (b.Definition.Id, b.Definition.Op)).Any(
            static g => g.Count() > 1))
        {
            yield return "a branch is stored twice";
        }

        var asked = seen.Mine.OfType<Asked>().ToDictionary(static a => a.Request);
        foreach (var answer in seen.Answers.Where(
            static a => a.Reply.Kind is not (ReplyKind.Ok or ReplyKind.Unavailable)))
        {
            var between = seen.Rows.Where(r => r.Place > asked[answer.Request].Place && r.Place < answer.Place)
                .Prepend(seen.Before(asked[answer.Request]));
            if (!between.Any(row => Justifies(seen, answer.Word, row)))
            {
                yield return $"{answer.Word} was rejected ({answer.Reply.Kind}: "
                    + $"{answer.Reply.Message}) without a durable reason";
            }
        }
    }

    private static bool Justifies(Case seen, string word, Stored? row)
    {
        var type = seen.Transaction.Type;
        var status = row?.State.Status ?? TransactionStatus.None;
        var isFinal = status is TransactionStatus.Succeed or TransactionStatus.Failed;
        return word switch
        {
            "submit" when status == TransactionStatus.None => type is TransactionType.Tcc or TransactionType.Xa,
            "submit" => status is not (TransactionStatus.Prepared or TransactionStatus.Submitted),
            "prepare" => status is not (TransactionStatus.None or TransactionStatus.Prepared)
                && type != TransactionType.Workflow,
            "abort" => type == TransactionType.Saga
                || status is TransactionStatus.None or TransactionStatus.Submitted or TransactionStatus.Succeed
                || (type == TransactionType.Msg && status == TransactionStatus.Aborting),
            "succeed" or "fail" => isFinal || status == TransactionStatus.None,
            "retry" or "stop" => isFinal || status == TransactionStatus.None,
            "wait" => status == TransactionStatus.None,
            _ when word.StartsWith(Requests.Unpark, StringComparison.Ordinal) =>
                row is null || isFinal || !row.State.Branches.Append(row.State.Query).Any(b =>
                    b?.Parked == true && word == $"{Requests.Unpark} {b.Definition.Id} {b.Definition.Op}"),
            _ => status != TransactionStatus.Prepared || HasOther(row!.State, word),
        };
    }

    /// <summary>Returns true if the branch is stored with different content.</summary>
    private static bool HasOther(Transaction state, string word)
    {
        var id = Requests.BranchId(
            int.Parse(word.TrimEnd('!').AsSpan(3), System.Globalization.CultureInfo.InvariantCulture));
        var known = state.Branches.FirstOrDefault(b => b.Definition.Id == id);
        return known is not null && known.Definition.Payload.Span.SequenceEqual("other"u8) != word.EndsWith('!');
    }
}
