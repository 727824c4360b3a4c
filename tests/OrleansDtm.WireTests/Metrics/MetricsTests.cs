using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Grpc.Core;
using OrleansDtm.Tests.Support.Wire;
using OrleansDtm.WireTests.Grpc;
using Xunit;

namespace OrleansDtm.WireTests.Metrics;

/// <summary>The Prometheus metrics, under the names that DTM's dashboards use.</summary>
public sealed class MetricsTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Transactions_of_a_namespace_are_counted_under_its_name()
    {
        await using var server = await ServerProcess.Start(Cancel);
        using var dtm = new Dtm(server);
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Add("x-dtm-namespace", "crm");
        var saga = new JsonObject { ["gid"] = SagaBody.NewGid(), ["trans_type"] = "saga", ["wait_result"] = true };
        using var answer = await http.PostAsJsonAsync(new Uri($"{dtm.Api}/submit"), saga, Cancel);
        Assert.Equal(200, (int)answer.StatusCode);

        const string Counted = """dtm_transaction_process_total{model="saga",namespace="crm",status="ok"}""";
        var metrics = await Scrape(dtm, server, Counted);

        Assert.Equal(1, metrics[Counted]);
    }

    [Fact]
    public async Task Requests_transactions_and_branches_are_counted_by_bounded_names()
    {
        await using var busi = await Participant.Start();
        await using var server = await ServerProcess.Start(Cancel);
        using var dtm = new Dtm(server);
        busi.On("/Act2", Reply.Success, Reply.Refusal);
        var (good, bad, stuck) = (SagaBody.NewGid(), SagaBody.NewGid(), SagaBody.NewGid());
        foreach (var gid in new[] { good, bad })
        {
            await dtm.Accept(SagaBody.Of(gid, busi));
            await dtm.Until(gid, Poll.Patience, "succeed", "failed");
        }

        busi.On("/Act1", Reply.Error);
        await dtm.Accept(SagaBody.Of(stuck, busi).With("retry_interval", 300));
        await dtm.UntilWaiting(stuck);
        await dtm.Submit(new JsonObject { ["gid"] = good });
        await dtm.Get("newGid?no=" + good);
        await dtm.Get("nowhere-" + good);
        await dtm.Send(HttpMethod.Delete, $"{dtm.Api}/topic/{good}", null);
        using var grpc = new GrpcDtm(server.GrpcUrl);
        await grpc.Gid();
        await Assert.ThrowsAsync<RpcException>(() => grpc.Submit(new Protocol.Wire.DtmRequest { Gid = good }));
        await Rpc("newGid");
        await Rpc("nope-" + good);

        var metrics = await Scrape(
            dtm, server, """dtm_server_process_total{api="unknown",status="fail",type="json-rpc"}""");

        Assert.Equal(3, metrics["""dtm_server_process_total{api="submit",status="ok",type="http"}"""]);
        Assert.Equal(1, metrics["""dtm_server_process_total{api="submit",status="fail",type="http"}"""]);
        Assert.Equal(1, metrics["""dtm_server_process_total{api="newgid",status="ok",type="http"}"""]);
        Assert.Equal(1, metrics["""dtm_server_process_total{api="topic",status="fail",type="http"}"""]);
        Assert.Equal(1, metrics["""dtm_server_process_total{api="unknown",status="fail",type="http"}"""]);
        Assert.Equal(1, metrics["""dtm_server_process_total{api="newgid",status="ok",type="json-rpc"}"""]);
        Assert.Equal(1, metrics["""dtm_server_process_total{api="unknown",status="fail",type="json-rpc"}"""]);
        Assert.Equal(1, metrics["""dtm_server_process_total{api="newgid",status="ok",type="grpc"}"""]);
        Assert.Equal(1, metrics["""dtm_server_process_total{api="submit",status="fail",type="grpc"}"""]);
        Assert.Equal(4, metrics["""dtm_server_response_duration_count{api="submit",type="http"}"""]);
        Assert.Equal(4, metrics["""dtm_server_response_duration_bucket{api="submit",type="http",le="+Inf"}"""]);
        Assert.Equal(1, metrics["""dtm_transaction_process_total{model="saga",status="ok"}"""]);
        Assert.Equal(1, metrics["""dtm_transaction_process_total{model="saga",status="fail"}"""]);
        Assert.Equal(2, metrics["""dtm_transaction_handled_duration_count{model="saga"}"""]);
        Assert.InRange(metrics["""dtm_transaction_handled_duration_sum{model="saga"}"""], 0, 60);
        Assert.Equal(2, metrics[Branch("01", "action", "ok")]);
        Assert.Equal(1, metrics[Branch("02", "action", "ok")]);
        Assert.Equal(1, metrics[Branch("01", "action", "fail")]);
        Assert.Equal(1, metrics[Branch("02", "action", "fail")]);
        Assert.Equal(1, metrics[Branch("01", "compensate", "ok")]);
        Assert.Equal(1, metrics[Branch("02", "compensate", "ok")]);
        Assert.Equal(1, metrics["""dtm_transactions_unfinished{status="submitted",type="saga"}"""]);
        Assert.Equal(0, metrics["""dtm_transactions_unfinished{status="aborting",type="xa"}"""]);
        Assert.Equal(0, metrics["""dtm_transactions_overdue{status="submitted",type="saga"}"""]);
        Assert.Equal(1, Assert.Single(
            metrics, static m => m.Key.StartsWith("dtm_server_info{version=\"", StringComparison.Ordinal)).Value);
        Assert.InRange(metrics["process_resident_memory_bytes{}"], 1e6, 1e12);
        Assert.DoesNotContain(metrics.Keys, k => k.Contains(good, StringComparison.Ordinal));

        Task Rpc(string method) => dtm.Send(
            HttpMethod.Post,
            server.Url + "/api/json-rpc",
            new JsonObject { ["jsonrpc"] = "2.0", ["id"] = "1", ["method"] = method }.ToJsonString());
    }

    private static string Branch(string id, string type, string status) =>
        $$"""dtm_branch_process_total{branchid="{{id}}",branchtype="{{type}}",model="saga",status="{{status}}"}""";

    /// <summary>
    /// Returns a scrape, by series, that contains the given series. A scrape may be slightly outdated.
    /// </summary>
    private static async Task<Dictionary<string, double>> Scrape(Dtm dtm, ServerProcess server, string last)
    {
        Dictionary<string, double> found = [];
        await Poll.Until(
            async () =>
            {
                var answer = await dtm.Send(HttpMethod.Get, server.Url + "/api/metrics", null);
                Assert.Equal(200, answer.Status);
                found = answer.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                    .Where(static line => line[0] != '#')
                    .ToDictionary(
                        static line => line[..line.LastIndexOf(' ')],
                        static line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
                return found.ContainsKey(last);
            },
            Poll.Patience,
            () => $"{last} does not show: {string.Join('\n', found.Keys)}",
            Cancel);
        return found;
    }
}
