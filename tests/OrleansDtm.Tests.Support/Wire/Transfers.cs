using System.Text.Json;
using System.Text.Json.Nodes;

namespace OrleansDtm.Tests.Support.Wire;

/// <summary>A scripted fault of a step.</summary>
public enum Trouble
{
    None,

    /// <summary>The first call answers 500 and has no effect.</summary>
    Error,

    /// <summary>The first call answers 500 but takes effect.</summary>
    ErrorAfterwards,

    /// <summary>The first call answers ONGOING.</summary>
    Ongoing,

    /// <summary>The first call takes effect, and its response is lost.</summary>
    AnswerLost,

    /// <summary>The account rejects every call.</summary>
    Refused,
}

/// <summary>One step, which adds an amount to an account or withdraws it.</summary>
public sealed record Booking(int Account, long Amount, Trouble Trouble);

/// <summary>A saga that transfers money: step 01 withdraws it, step 02 deposits it.</summary>
public sealed record Transfer(string Gid, Booking From, Booking To)
{
    public bool Succeeds => To.Trouble != Trouble.Refused;

    /// <summary>Draws a transfer. It depends only on the seed, so that a run can be repeated.</summary>
    public static Transfer Draw(Random random, string gid)
    {
        var amount = random.Next(1, 100);
        var from = random.Next(Bank.Accounts);
        var to = (from + random.Next(1, Bank.Accounts)) % Bank.Accounts;
        var refused = random.Next(4) == 0;
        return new Transfer(
            gid,
            new Booking(from, -amount, Draw(random)),
            new Booking(to, amount, refused ? Trouble.Refused : Draw(random)));
    }

    public JsonObject Body(string bank) => new()
    {
        ["gid"] = Gid,
        ["trans_type"] = "saga",
        ["steps"] = new JsonArray(Step(bank), Step(bank)),
        ["payloads"] = new JsonArray(JsonSerializer.Serialize(From), JsonSerializer.Serialize(To)),
    };

    private static JsonObject Step(string bank) => new() { ["action"] = bank + "/do", ["compensate"] = bank + "/undo" };

    private static Trouble Draw(Random random) => random.Next(10) switch
    {
        0 => Trouble.Error,
        1 => Trouble.ErrorAfterwards,
        2 => Trouble.Ongoing,
        3 => Trouble.AnswerLost,
        _ => Trouble.None,
    };
}
