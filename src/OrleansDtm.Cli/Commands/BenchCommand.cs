using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using OrleansDtm.Cli.Bench;
using OrleansDtm.Cli.Output;

namespace OrleansDtm.Cli.Commands;

/// <summary>Measures the throughput and latency of sagas.</summary>
internal sealed class BenchCommand : OdtmCommand
{
    private readonly Option<double> _seconds = Given.Seconds(
        "--seconds", "duration of the load in seconds, after a warm-up of one second", 10, 0.1, 3600);

    private readonly Option<int> _clients = Given.Whole(
        "--clients", "concurrent clients; each submits a saga when its previous one has ended", 16, 1, 10_000);

    private readonly Option<int> _steps = Given.Whole("--steps", "steps of a saga", 2, 1, 100);

    private readonly Option<string?> _listen = new("--listen")
    {
        Description = "URL under which the coordinator can call this machine, such as http://10.0.0.5:8080; default: "
            + "a free port of 127.0.0.1",
        HelpName = "URL",
    };

    public override Command Build(GlobalOptions options, Terminal terminal)
    {
        var command = new Command(
            "bench",
            "Measure sagas a second and their latency, with a branch service in this process. The sagas stay in the "
            + "store until its retention deletes them. Needs the role submit.")
        {
            _seconds, _clients, _steps, _listen,
        };
        OnRun(command, options, terminal, Run);
        return command;
    }

    private async Task<int> Run(Session session, ParseResult parsed, CancellationToken cancel)
    {
        var (seconds, clients, steps) = (
            parsed.GetValue(_seconds), parsed.GetValue(_clients), parsed.GetValue(_steps));
        var server = session.Coordinator.Server;
        var listen = Listen(parsed.GetValue(_listen), server);
        if (!server.IsLoopback)
        {
            session.Confirm($"{session.Coordinator.Name} will be under full load for {seconds + 1} s.");
        }

        await session.Coordinator.Get("newGid", Protocol.ProtocolJson.Default.NewGidView, cancel);
        await using var service = await BranchService.Start(listen, cancel);
        var load = new SagaLoad(session.Coordinator, service.Url, clients, steps);
        var result = await load.Run(TimeSpan.FromSeconds(seconds), session.Terminal.Clock, cancel);
        Write(session, result, clients, steps);
        return result.Sagas > 0 && result.Errors.Count == 0 ? ExitCodes.Done : ExitCodes.Failed;
    }

    private static Uri Listen(string? given, Uri server) => given switch
    {
        null when !server.IsLoopback => throw OdtmException.Misuse(
            $"--listen: missing. {server} cannot call 127.0.0.1 of this machine; set it to a URL such as "
            + "http://10.0.0.5:8080."),
        null => new Uri("http://127.0.0.1:0"),
        _ when Uri.TryCreate(given, UriKind.Absolute, out var url) && url.Scheme == "http" => url,
        _ => throw OdtmException.Misuse($"--listen: '{given}' is not a URL such as http://10.0.0.5:8080."),
    };

    private static void Write(Session session, LoadResult result, int clients, int steps)
    {
        var rate = Math.Round(result.Sagas / result.Seconds, 1);
        if (session.IsJson)
        {
            session.WriteJson(new JsonObject
            {
                ["sagas"] = result.Sagas,
                ["seconds"] = Math.Round(result.Seconds, 3),
                ["clients"] = clients,
                ["steps"] = steps,
                ["sagas_per_second"] = rate,
                ["p50_ms"] = result.Percentile(50),
                ["p95_ms"] = result.Percentile(95),
                ["p99_ms"] = result.Percentile(99),
                ["max_ms"] = result.Percentile(100),
                ["errors"] = result.Errors.Values.Sum(),
            });
        }
        else
        {
            var table = new Tables("SAGAS/S", "P50", "P95", "P99", "MAX", "SAGAS", "ERRORS");
            table.Add(
                rate.ToString("0.0", CultureInfo.InvariantCulture),
                Words.Milliseconds(result.Percentile(50)),
                Words.Milliseconds(result.Percentile(95)),
                Words.Milliseconds(result.Percentile(99)),
                Words.Milliseconds(result.Percentile(100)),
                result.Sagas.ToString(CultureInfo.InvariantCulture),
                result.Errors.Values.Sum().ToString(CultureInfo.InvariantCulture));
            table.Write(session.Terminal);
        }

        foreach (var (message, count) in result.Errors.OrderByDescending(static e => e.Value).Take(5))
        {
            session.Terminal.Error.WriteLine($"{Words.Count(count, "error")}: {Words.Clean(message)}");
        }
    }
}
