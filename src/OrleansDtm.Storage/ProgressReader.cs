using System.Text.Json;
using OrleansDtm.Core;

namespace OrleansDtm.Storage;

/// <summary>
/// Reads a single number from a <see cref="ProgressBody"/> without its objects: a sort reads thousands of rows. A test
/// compares it with the serializer.
/// </summary>
internal static class ProgressReader
{
    /// <summary><see cref="Waiting.AttemptsOf"/> of an unfinished transaction.</summary>
    public static int AttemptsOf(ReadOnlySpan<byte> progress)
    {
        var json = new Utf8JsonReader(progress);
        var (best, flying) = (default(Call), default(Call));
        json.Read();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var (isQuery, isBranches) = (json.ValueTextEquals("k"u8), json.ValueTextEquals("b"u8));
            json.Read();
            if (isQuery)
            {
                Take(Read(ref json), isFirst: true, ref best, ref flying);
            }
            else if (isBranches)
            {
                while (json.Read() && json.TokenType == JsonTokenType.StartObject)
                {
                    Take(Read(ref json), isFirst: false, ref best, ref flying);
                }
            }
            else
            {
                json.Skip();
            }
        }

        return best.IsThere ? best.Attempts : flying.Attempts;
    }

    /// <summary>The order of <see cref="Waiting"/>: put aside, then the next retry, then in flight; the query is the
    /// first of equals, and it is written behind the branches.</summary>
    private static void Take(Call call, bool isFirst, ref Call best, ref Call flying)
    {
        if (call.Status != BranchStatus.Prepared)
        {
            return;
        }

        if (call.IsParked || call.RetryAt is not null)
        {
            var order = !best.IsThere ? -1
                : call.IsParked != best.IsParked ? (call.IsParked ? -1 : 1)
                : Nullable.Compare(call.RetryAt, best.RetryAt);
            if (order < 0 || (order == 0 && isFirst))
            {
                best = call;
            }
        }

        if (call.InFlight && (!flying.IsThere || isFirst))
        {
            flying = call;
        }
    }

    private static Call Read(ref Utf8JsonReader json)
    {
        var call = new Call { IsThere = true };
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var name = json.HasValueSequence || json.ValueSpan.Length != 1 ? (byte)0 : json.ValueSpan[0];
            json.Read();
            switch (name)
            {
                case (byte)'s':
                    call.Status = (BranchStatus)json.GetInt32();
                    break;
                case (byte)'n':
                    call.Attempts = json.GetInt32();
                    break;
                case (byte)'r':
                    call.RetryAt = json.TokenType == JsonTokenType.Null ? null : json.GetInt64();
                    break;
                case (byte)'i':
                    call.InFlight = json.GetBoolean();
                    break;
                case (byte)'p':
                    call.IsParked = json.GetBoolean();
                    break;
                default:
                    json.Skip();
                    break;
            }
        }

        return call;
    }

    private struct Call
    {
        public bool IsThere { get; set; }

        public BranchStatus Status { get; set; }

        public int Attempts { get; set; }

        public long? RetryAt { get; set; }

        public bool InFlight { get; set; }

        public bool IsParked { get; set; }
    }
}
