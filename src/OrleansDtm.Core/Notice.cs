using System.Buffers;
using System.Text.Json;

namespace OrleansDtm.Core;

/// <summary>
/// Tells a URL of the submitter how the transaction ended, so that nobody has to poll: after the end, until it answers, a bounded
/// number of times. Part of the state, so that a restart does not forget it; no part of the outcome, which is final already.
/// </summary>
internal sealed class Notice : ICallRules
{
    /// <summary>Unanswered tries after which it is given up: about an hour with the default waits.</summary>
    public const int AttemptsMax = 10;

    /// <summary>The op under which it is sent.</summary>
    public const string Op = "notice";

    public static Notice Rules { get; } = new();

    public bool FailureIsAnswer(Transaction state, int index) => false;

    public bool Retries(Transaction state, int index) => state.Notice!.Attempts < AttemptsMax;

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
            json.WriteString("gid", state.Definition.Gid);
            json.WriteString("trans_type", Names.Of(state.Definition.Type));
            json.WriteString("status", Names.Of(state.Status));
            json.WriteString("rollback_reason", state.RollbackReason);
            json.WriteString("result", state.Result);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }
}
