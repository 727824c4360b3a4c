namespace OrleansDtm.Benchmarks.Load;

/// <summary>The work of a client for one transaction, and the branch calls that it must cause.</summary>
/// <param name="Name">saga, msg or tcc.</param>
/// <param name="Waits">True if the submit is answered only after the transaction's end.</param>
/// <param name="BranchCalls">The number of branch calls of each transaction.</param>
/// <param name="NewClient">
/// Creates a client for a coordinator and a branch service. A client runs one transaction at a time.
/// </param>
internal sealed record Scenario(string Name, bool Waits, int BranchCalls, Func<Uri, Uri, IClient> NewClient)
{
    public static readonly Scenario Saga = Sagas(SagaShape.Default, waits: true);

    public static readonly Scenario Msg = new(
        "msg", true, 2, (server, branch) => new SubmitClient(server, MsgBody(branch)));

    public static readonly Scenario Tcc = new("tcc", true, 4, (server, branch) => new TccClient(server, branch));

    /// <summary>A message that is not due during the measurement: only its acceptance is measured.</summary>
    public static readonly Scenario DelayedMsg = new(
        "delayed msg", true, 0, (server, branch) => new SubmitClient(server, DelayedBody(branch)));

    public static Scenario Named(string name, SagaShape shape) => name switch
    {
        "msg" => Msg,
        "tcc" => Tcc,
        "saga-tags" => SagaTags(shape),
        _ => Sagas(shape, waits: true),
    };

    public static Scenario Sagas(SagaShape shape, bool waits) => new(
        "saga", waits, shape.Steps, (server, branch) => new SubmitClient(server, shape.Body(branch, waits)));

    /// <summary>The same with three tags: one of its own, two that many have.</summary>
    private static Scenario SagaTags(SagaShape shape) => new(
        "saga-tags", true, shape.Steps, (server, branch) => new SubmitClient(server, shape.Body(branch, true, Tags)));

    private static string Tags =>
        $$""","tags":{"order":"{{PreparedRequest.Placeholder}}","shop":"7","country":"de"}""";

    private static string MsgBody(Uri branch) => $$"""
        {"gid":"{{PreparedRequest.Placeholder}}","trans_type":"msg","steps":[{"action":"{{branch}}out"},{"action":"{{branch}}last"}],
        """ + """
        "payloads":["{\"amount\":30}","{\"amount\":30}"],"wait_result":true}
        """;

    private static string DelayedBody(Uri branch) => $$"""
        {"gid":"{{PreparedRequest.Placeholder}}","trans_type":"msg","steps":[{"action":"{{branch}}never"}],
        """ + """
        "payloads":["{\"amount\":30}"],"custom_data":"{\"delay\":2592000}"}
        """;
}

/// <summary>One client of a closed loop.</summary>
internal interface IClient
{
    /// <summary>Runs one transaction. Returns null, or the first response other than 200.</summary>
    ValueTask<string?> RunOne(HttpMessageInvoker http, Gid gid, CancellationToken stop);
}

/// <summary>saga and msg: a single request.</summary>
internal sealed class SubmitClient(Uri server, string body) : IClient
{
    private readonly PreparedRequest _submit = new(new Uri(server, "/api/dtmsvr/submit"), body);

    public ValueTask<string?> RunOne(HttpMessageInvoker http, Gid gid, CancellationToken stop) =>
        _submit.Send(http, gid, stop);
}

/// <summary>tcc: the client registers and tries both branches itself, then submits; the server confirms.</summary>
internal sealed class TccClient(Uri server, Uri branch) : IClient
{
    private readonly PreparedRequest _prepare = Api(server, "prepare", "");
    private readonly PreparedRequest _register1 = Api(server, "registerBranch", Branch(branch, "01"));
    private readonly PreparedRequest _register2 = Api(server, "registerBranch", Branch(branch, "02"));
    private readonly PreparedRequest _try = new(branch, "{\"amount\":30}");
    private readonly PreparedRequest _submit = Api(server, "submit", ",\"wait_result\":true");

    public async ValueTask<string?> RunOne(HttpMessageInvoker http, Gid gid, CancellationToken stop) =>
        await _prepare.Send(http, gid, stop)
        ?? await _register1.Send(http, gid, stop)
        ?? await _try.Send(http, gid, Try(gid, "01"), stop)
        ?? await _register2.Send(http, gid, stop)
        ?? await _try.Send(http, gid, Try(gid, "02"), stop)
        ?? await _submit.Send(http, gid, stop);

    private Uri Try(Gid gid, string branchId) =>
        new(branch, $"/try?gid={gid}&trans_type=tcc&branch_id={branchId}&op=try");

    private static PreparedRequest Api(Uri server, string method, string more) =>
        new(
            new Uri(server, "/api/dtmsvr/" + method),
            $$"""{"gid":"{{PreparedRequest.Placeholder}}","trans_type":"tcc"{{more}}}""");

    private static string Branch(Uri branch, string id) =>
        $$""","branch_id":"{{id}}","data":"{\"amount\":30}","confirm":"{{branch}}confirm","cancel":"{{branch}}cancel" """.TrimEnd();
}
