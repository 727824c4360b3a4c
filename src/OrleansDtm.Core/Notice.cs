using System.Buffers;
using System.Text.Json;

namespace OrleansDtm.Core;

/// <summary>
/// Sends the final status to the submitter's callback URL, so that the submitter need not poll. The call is retried
/// until it succeeds or <see cref="AttemptsMax"/> is reached. It is stored, so that a restart does not lose it, and
/// never changes the transaction's status, which is already final.
/// </summary>
internal sealed class Notice : ICallRules
{
    /// <summary>The maximum number of attempts: about an hour with the default retry intervals.</summary>
    public const int AttemptsMax = 10;

    /// <summary>The op of the call.</summary>
    public const string Op = "notice";

    public static Notice Rules { get; } = new();

    public bool FailureIsAnswer(Transaction state, int index) => false;

    public bool Retries(Transaction state, int index) => state.Notice!.Attempts < AttemptsMax;

    public bool GivesUp(Draft draft, int index, OutcomeKind outcome, int failures) => false;

    public void OnSucceeded(Draft draft, int index)
    {
    }

    public void OnFailed(Draft draft, int index, string error)
    {
    }

    public void OnError(Draft draft, int index)
    {
    }

    public static void Advance(Draft draft)
    {
        var definition = draft.State.Definition;
        if (!draft.State.IsFinal || definition.NoticeUrl.Length == 0)
        {
            return;
        }

        if (draft.State.Notice is null)
        {
            var call = new BranchOpDefinition("", Op, definition.NoticeUrl, Body(draft.State), draft.Now);
            draft.Change(t => t with { Notice = new BranchOp { Definition = call } });
        }

        var notice = draft[Transaction.NoticeIndex];
        if (notice is { Status: BranchStatus.Prepared, InFlight: false } && notice.Attempts >= AttemptsMax)
        {
            draft[Transaction.NoticeIndex] = notice with { Status = BranchStatus.Failed, Finished = draft.Now };
        }
        else if (notice.CanStart(draft.Now))
        {
            draft.Start(Transaction.NoticeIndex);
        }
    }

    /// <summary>{"gid":..,"trans_type":..,"status":..,"rollback_reason":..,"result":..}</summary>
    private static byte[] Body(Transaction state)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("gid", Namespaces.Plain(state.Definition.Gid));
            json.WriteString("trans_type", Names.Of(state.Definition.Type));
            json.WriteString("status", Names.Of(state.Status));
            json.WriteString("rollback_reason", state.RollbackReason);
            json.WriteString("result", state.Result);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }
}
