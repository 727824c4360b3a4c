using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace OrleansDtm.Protocol;

/// <summary>Why a transaction has not ended (not in DTM).</summary>
[Description("Why a transaction has not ended. Not in DTM.")]
public sealed class WaitingView
{
    [JsonPropertyName("reason")]
    [AllowedValues("retry", "ongoing", "parked", "orphan", "answer", "submit", "delay", "silo", "time")]
    [Description("retry: a call did not succeed and is repeated; ongoing: a service answered ONGOING and is asked "
        + "again; parked: a call is put aside until an operator retries or resolves it; orphan: a call of a silo that "
        + "ended may still arrive at the service; answer: a call is in flight; submit: it is prepared; delay: the "
        + "delay of a msg; silo: it is overdue by more than 10 s, so no silo works on it; time: none of these.")]
    public required string Reason { get; init; }

    [JsonPropertyName("branch_id"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("The branch of the call; 00 = query_prepared; absent = it waits for no call.")]
    public string? BranchId { get; init; }

    [JsonPropertyName("op"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("The operation of the call.")]
    public string? Op { get; init; }

    [JsonPropertyName("service"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("The called service: host:port, or grain://Type.")]
    public string? Service { get; init; }

    [JsonPropertyName("attempts"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    [Description("Calls so far; absent = 0.")]
    public int Attempts { get; init; }

    [JsonPropertyName("last_error"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("Of the last attempt.")]
    public string? LastError { get; init; }

    [JsonPropertyName("since"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("When this began: of a call the first of its attempts in a row that did not succeed.")]
    public DateTime? Since { get; init; }

    [JsonPropertyName("since_earlier"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    [Description("It began before since, and the attempts before it are not kept; absent = false.")]
    public bool SinceEarlier { get; init; }

    [JsonPropertyName("until"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("When the coordinator goes on by itself; absent = never, or at any time.")]
    public DateTime? Until { get; init; }

    [JsonPropertyName("others"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    [Description("Other calls that wait for a retry or are put aside; absent = 0.")]
    public int Others { get; init; }
}
