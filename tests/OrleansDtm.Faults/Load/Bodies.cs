using System.Globalization;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using OrleansDtm.Protocol;
using OrleansDtm.Protocol.Wire;

namespace OrleansDtm.Faults.Load;

/// <summary>Builds the request of a word.</summary>
internal static class Bodies
{
    /// <summary>Returns the API method of a word.</summary>
    public static string Method(string word) => word switch
    {
        "prepare" or "submit" or "abort" => word,
        "succeed" or "fail" => "submit",
        "retry" => "resetNextCronTime",
        _ => "registerBranch",
    };

    public static int Branch(string word) =>
        int.Parse(word.AsSpan(word.StartsWith("reg", StringComparison.Ordinal) ? 3 : 4), CultureInfo.InvariantCulture);

    public static TransactionRequest Http(TransactionPlan plan, string word, bool wait, BranchAddress branches) => new()
    {
        Gid = plan.Gid,
        TransType = plan.Type,
        Protocol = plan.Protocol,
        Steps = [.. Steps(plan, branches)],
        Payloads = [.. Enumerable.Range(0, StepCount(plan)).Select(i => Payload(plan, i))],
        QueryPrepared = Asks(plan, word) ? branches.Url(plan, "q") : null,
        CustomData = CustomData(plan),
        ReqExtra = Extra(word),
        Concurrent = plan.Concurrent && plan.Type == "msg" ? true : null,
        WaitResult = wait ? true : null,
        TimeoutToFail = plan.TimeoutToFail > 0 ? plan.TimeoutToFail : null,
        RetryInterval = plan.RetryInterval,
        RequestTimeout = plan.RequestTimeout,
        RetryLimit = plan.RetryLimit > 0 ? plan.RetryLimit : null,
    };

    public static DtmRequest Grpc(TransactionPlan plan, string word, bool wait, BranchAddress branches)
    {
        var request = new DtmRequest
        {
            Gid = plan.Gid,
            TransType = plan.Type,
            QueryPrepared = Asks(plan, word) ? branches.Url(plan, "q") : "",
            CustomedData = CustomData(plan) ?? "",
            Steps = StepCount(plan) > 0 ? JsonSerializer.Serialize(Steps(plan, branches).ToList()) : "",
            TransOptions = new DtmTransOptions
            {
                WaitResult = wait,
                TimeoutToFail = plan.TimeoutToFail,
                RetryInterval = plan.RetryInterval,
                RequestTimeout = plan.RequestTimeout,
                RetryLimit = plan.RetryLimit,
            },
        };
        request.BinPayloads.AddRange(
            Enumerable.Range(0, StepCount(plan)).Select(i => ByteString.CopyFromUtf8(Payload(plan, i))));
        foreach (var (key, value) in Extra(word) ?? [])
        {
            request.ReqExtra.Add(key, value);
        }

        return request;
    }

    public static Dictionary<string, string> Register(TransactionPlan plan, string word, BranchAddress branches)
    {
        var branch = Branch(word);
        var fields = plan.Type switch
        {
            "tcc" => new Dictionary<string, string>
            {
                ["confirm"] = branches.Url(plan, $"f{branch}"),
                ["cancel"] = branches.Url(plan, $"b{branch}"),
            },
            "xa" => new Dictionary<string, string> { ["url"] = branches.Url(plan, $"x{branch}") },
            _ => new Dictionary<string, string> { ["op"] = "action", ["status"] = "succeed" },
        };
        return fields;
    }

    public static string Data(TransactionPlan plan, string word) => Payload(plan, Branch(word));

    private static int StepCount(TransactionPlan plan) => plan.Type is "saga" or "msg" ? plan.Steps : 0;

    private static IEnumerable<StepRequest> Steps(TransactionPlan plan, BranchAddress branches) =>
        Enumerable.Range(0, StepCount(plan)).Select(i => new StepRequest
        {
            Action = branches.Url(plan, $"a{i}"),
            Compensate = plan.Type == "msg" ? "" : branches.Url(plan, $"c{i}"),
        });

    private static bool Asks(TransactionPlan plan, string word) =>
        plan.Type == "workflow" || (plan.Type == "msg" && plan.Prepares && word == "prepare");

    private static Dictionary<string, string?>? Extra(string word) => word switch
    {
        "succeed" => new() { ["status"] = "succeed", ["result"] = Convert.ToBase64String("done"u8) },
        "fail" => new() { ["status"] = "failed", ["rollback_reason"] = "no" },
        _ => null,
    };

    private static string? CustomData(TransactionPlan plan) => plan.Type switch
    {
        "saga" when plan.Concurrent => JsonSerializer.Serialize(new
        {
            concurrent = true,
            orders = plan.Orders.ToDictionary(
                static o => o.Key.ToString(CultureInfo.InvariantCulture), static o => o.Value),
        }),
        "msg" when plan.Delay > 0 => JsonSerializer.Serialize(new { delay = plan.Delay }),
        "workflow" => JsonSerializer.Serialize(new { name = "work", data = "" }),
        _ => null,
    };

    private static string Payload(TransactionPlan plan, int step) =>
        new StringBuilder()
            .Append(CultureInfo.InvariantCulture, $"{{\"step\":{step},\"text\":\"")
            .Append('x', plan.PayloadBytes)
            .Append("\"}")
            .ToString();
}
