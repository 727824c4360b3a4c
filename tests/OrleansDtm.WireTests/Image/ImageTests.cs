using System.Text.Json;
using OrleansDtm.Tests.Support.Wire;
using OrleansDtm.WireTests.Release;
using Xunit;

namespace OrleansDtm.WireTests.Image;

/// <summary>The image runs as users run it.</summary>
public sealed class ImageTests(BuiltImage image) : IClassFixture<BuiltImage>
{
    private const string Dtm = "http://127.0.0.1:36789/api/dtmsvr";
    private static readonly (string, string) Open = ("ORLEANSDTM_Security__AllowAnonymous", "true");

    /// <summary>Answers a POST when a GET comes.</summary>
    private const string SlowBranch = """
        import http.server, threading
        go = threading.Event()
        class Branch(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                print("called", flush=True)
                self.answer(go.wait(20))
            def do_GET(self):
                self.answer(go.set())
            def answer(self, _):
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 7000), Branch)
        print("ready", flush=True)
        server.serve_forever()
        """;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_container_without_rights_serves_and_stops_within_ten_seconds()
    {
        image.Require();
        await using var container = Container.Start(image.Coordinator, Open);
        await container.Healthy();

        Assert.Matches("(?m)^Uid:\\s+1654\\s+1654\\s+1654", await container.Status());
        Assert.Matches("(?m)^NoNewPrivs:\\s+1", await container.Status());
        Assert.NotEqual(0, (await container.Inside(["touch", Path.Combine(image.Coordinator.Root, "app", "x")])).Exit);
        const string Saga = """
            {"gid":"g","trans_type":"saga","wait_result":true,"steps":[{"action":"","compensate":""}],"payloads":["1"]}
            """;
        Assert.Contains(
            "SUCCESS", await container.Get($"{Dtm}/submit", "--json", Saga), StringComparison.Ordinal);
        Assert.Equal($$"""{"version":"{{BuiltImage.Version}}"}""", await container.Get($"{Dtm}/version"));

        var (exit, took) = await container.Stop();
        Assert.Equal(0, exit);
        Assert.InRange(took, TimeSpan.Zero, Container.Limit);
    }

    [Fact]
    public async Task SIGTERM_lets_a_transaction_in_flight_end()
    {
        image.Require();
        await using var container = Container.Start(image.Coordinator, Open);
        await container.Healthy();
        using var branch = container.Beside("python3", "-c", SlowBranch);
        try
        {
            Assert.Equal("ready", await branch.StandardOutput.ReadLineAsync(Cancel));
            using var submit = container.Curl(
                $"{Dtm}/submit", "--json",
                """
                {"gid":"g","trans_type":"saga","wait_result":true,"request_timeout":20,"payloads":["1"],
                 "steps":[{"action":"http://127.0.0.1:7000/","compensate":""}]}
                """);
            Assert.Equal("called", await branch.StandardOutput.ReadLineAsync(Cancel));

            var stopped = container.Stop();
            await Until(async () => !await container.IsHealthy());
            await container.Get("http://127.0.0.1:7000/"); // Now the branch answers.

            Assert.Equal(
                """{"dtm_result":"SUCCESS"}""", (await submit.StandardOutput.ReadToEndAsync(Cancel)).Trim());
            Assert.Equal(0, (await stopped).Exit);
        }
        finally
        {
            branch.Kill();
            await branch.WaitForExitAsync(CancellationToken.None);
        }
    }

    [Fact]
    public async Task A_request_that_would_take_minutes_does_not_hold_it_up()
    {
        image.Require();
        await using var container = Container.Start(image.Coordinator, Open);
        await container.Healthy();
        await container.Get($"{Dtm}/prepare", "--json", """{"gid":"t","trans_type":"tcc","timeout_to_fail":300}""");
        using var waits = container.Curl($"{Dtm}/wait?gid=t&timeout=300");
        await Connected(container);

        var (exit, took) = await container.Stop();

        Assert.Equal(0, exit);
        Assert.InRange(took, TimeSpan.Zero, Container.Limit);
    }

    [Fact]
    public async Task Without_keys_it_does_not_start_and_says_why()
    {
        image.Require();
        await using var container = Container.Start(image.Coordinator);

        var (exit, _, errors) = await container.Ended();

        Assert.Equal(2, exit);
        Assert.Contains("Security", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_makes_a_key_that_a_container_accepts()
    {
        image.Require();
        var made = await Container.Run(image.Coordinator, "key", "--name", "shop", "--role", "read");
        var lines = made.Split('\n');
        await using var container = Container.Start(image.Coordinator, ("ORLEANSDTM_Security__Keys__0", lines[1]));
        await container.Healthy();

        string[] status = ["--output", "/dev/null", "--write-out", "%{http_code}", $"{Dtm}/newGid"];
        Assert.Equal("401", await container.Get(status));
        Assert.Equal("200", await container.Get([.. status, "--header", $"X-Api-Key: {lines[0]}"]));
    }

    [Fact]
    public void It_has_only_what_its_platform_needs()
    {
        image.Require();
        var app = new DirectoryInfo(Path.Combine(image.Coordinator.Root, "app"));
        var files = app.GetFiles("*", SearchOption.AllDirectories);

        var native = files.Where(static file => file.Extension is ".so" or ".dylib" or ".a"
            || file.DirectoryName!.Contains("runtimes", StringComparison.Ordinal));
        Assert.Equal("libe_sqlite3.so", Assert.Single(native).Name);
        // Development files, and the compiler that Orleans' packages bring.
        Assert.DoesNotContain(files, static file => file.Extension is ".pdb" or ".xml" or ".md"
            || file.Name.StartsWith("Microsoft.CodeAnalysis", StringComparison.Ordinal));
        Assert.InRange(files.Sum(static file => file.Length), 10_000_000, 36_000_000);
    }

    [Fact]
    public async Task The_bank_of_compose_is_built_and_listens()
    {
        image.Require();
        await using var bank = Container.Start(await image.Bank(), ["--urls=http://127.0.0.1:8080"]);

        // Without a coordinator it answers, and cannot transfer.
        string[] status = ["--output", "/dev/null", "--write-out", "%{http_code}", "http://127.0.0.1:8080/nowhere"];
        await bank.Until(async () => await bank.Get(status) == "404");
        Assert.Matches("(?m)^Uid:\\s+1654", await bank.Status());
    }

    [Fact]
    public async Task A_release_pushes_both_architectures_under_one_name()
    {
        image.Require();
        await using var registry = await Registry.Start();

        var digest = await image.Push(registry.Address);

        using var list = JsonDocument.Parse(await registry.Get($"orleansdtm/manifests/{digest}"));
        var parts = list.RootElement.GetProperty("manifests").EnumerateArray().ToDictionary(
            static one => one.GetProperty("platform").GetProperty("architecture").GetString()!,
            static one => one.GetProperty("digest").GetString()!);
        Assert.Equal(["amd64", "arm64"], parts.Keys.Order());
        Assert.Equal(
            list.RootElement.GetRawText(), JsonDocument.Parse(await registry.Get("orleansdtm/manifests/latest"))
                .RootElement.GetRawText());

        // The layer with SQLite differs, the other one is shared.
        var layers = new Dictionary<string, string[]>();
        foreach (var (architecture, manifest) in parts)
        {
            using var one = JsonDocument.Parse(await registry.Get($"orleansdtm/manifests/{manifest}"));
            layers[architecture] = [.. one.RootElement.GetProperty("layers").EnumerateArray()
                .Select(static layer => layer.GetProperty("digest").GetString()!)];
        }

        Assert.NotEqual(layers["amd64"], layers["arm64"]);
        Assert.NotEmpty(layers["amd64"].Intersect(layers["arm64"]));
    }

    /// <summary>Waits until a request has reached the server.</summary>
    private static Task Connected(Container container) => Until(async () =>
    {
        var (_, sockets, _) = await container.Inside(["cat", "/proc/net/tcp", "/proc/net/tcp6"]);
        // 8FB5 is port 36789; 01 is established.
        return sockets.Split('\n').Any(static line =>
            line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, var local, _, "01", ..]
                && local.EndsWith(":8FB5", StringComparison.Ordinal));
    });

    private static Task Until(Func<Task<bool>> reached) =>
        Poll.Until(reached, Container.Limit, static () => "it did not happen", Cancel);
}
