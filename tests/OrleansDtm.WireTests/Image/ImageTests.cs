using System.Diagnostics;
using System.Text.Json;
using OrleansDtm.WireTests.Release;
using Xunit;

namespace OrleansDtm.WireTests.Image;

/// <summary>The image runs as users run it.</summary>
public sealed class ImageTests(BuiltImage image) : IClassFixture<BuiltImage>
{
    private const string Dtm = "http://127.0.0.1:36789/api/dtmsvr";
    private static readonly (string, string) Open = ("ORLEANSDTM_Security__AllowAnonymous", "true");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_container_without_rights_serves_and_stops_within_ten_seconds()
    {
        image.Require();
        await using var container = Container.Start(image, Open);
        await container.Healthy();

        Assert.Matches("(?m)^Uid:\\s+1654\\s+1654\\s+1654", await container.Status());
        Assert.Matches("(?m)^NoNewPrivs:\\s+1", await container.Status());
        Assert.NotEqual(0, (await container.Inside(["touch", Path.Combine(image.Root, "app", "x")])).Exit);
        const string Saga = """
            {"gid":"g","trans_type":"saga","wait_result":true,"steps":[{"action":"","compensate":""}],"payloads":["1"]}
            """;
        Assert.Contains(
            "SUCCESS", await container.Get($"{Dtm}/submit", "--json", Saga), StringComparison.Ordinal);
        Assert.Equal($$"""{"version":"{{BuiltImage.Version}}"}""", await container.Get($"{Dtm}/version"));

        // A request in flight has its answer, although the process ends.
        await container.Get($"{Dtm}/prepare", "--json", """{"gid":"t","trans_type":"tcc","timeout_to_fail":300}""");
        using var waits = container.Curl($"{Dtm}/wait?gid=t&timeout=3", "--write-out", "%{http_code}");
        await Connected(container, connections: 1);
        var (exit, took) = await container.Stop();

        Assert.Equal(0, exit);
        Assert.InRange(took, TimeSpan.Zero, Container.Limit);
        Assert.EndsWith("425", await waits.StandardOutput.ReadToEndAsync(Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_that_would_take_minutes_does_not_hold_it_up()
    {
        image.Require();
        await using var container = Container.Start(image, Open);
        await container.Healthy();
        await container.Get($"{Dtm}/prepare", "--json", """{"gid":"t","trans_type":"tcc","timeout_to_fail":300}""");
        using var waits = container.Curl($"{Dtm}/wait?gid=t&timeout=300");
        await Connected(container, connections: 1);

        var (exit, took) = await container.Stop();

        Assert.Equal(0, exit);
        Assert.InRange(took, TimeSpan.Zero, Container.Limit);
    }

    [Fact]
    public async Task Without_keys_it_does_not_start_and_says_why()
    {
        image.Require();
        await using var container = Container.Start(image);

        var (exit, said) = await container.Ended();

        Assert.Equal(2, exit);
        Assert.Contains("Security", said, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_makes_a_key_that_a_container_accepts()
    {
        image.Require();
        var lines = (await Container.Run(image, "key", "--name", "shop", "--role", "read")).Trim().Split('\n');
        var key = lines.Select(static line => line.Trim().Split(' ')[^1]).First(
            static word => word.StartsWith("odtm_", StringComparison.Ordinal));
        await using var container = Container.Start(image, ("ORLEANSDTM_Security__Keys__0", lines[^1]));
        await container.Healthy();

        string[] status = ["--output", "/dev/null", "--write-out", "%{http_code}", $"{Dtm}/newGid"];
        Assert.Equal("401", await container.Get(status));
        Assert.Equal("200", await container.Get([.. status, "--header", $"X-Api-Key: {key}"]));
    }

    [Fact]
    public void It_has_only_what_its_platform_needs()
    {
        image.Require();
        var files = new DirectoryInfo(Path.Combine(image.Root, "app")).GetFiles("*", SearchOption.AllDirectories);

        var native = files.Where(static file => file.Extension is ".so" or ".dylib" or ".a"
            || file.DirectoryName!.Contains("runtimes", StringComparison.Ordinal));
        Assert.Equal("libe_sqlite3.so", Assert.Single(native).Name);
        // Development files, and the compiler that Orleans' packages bring.
        Assert.DoesNotContain(files, static file => file.Extension is ".pdb" or ".xml" or ".md"
            || file.Name.StartsWith("Microsoft.CodeAnalysis", StringComparison.Ordinal));
        Assert.InRange(files.Sum(static file => file.Length), 10_000_000, 33_000_000);
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
    private static async Task Connected(Container container, int connections)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            var (_, sockets, _) = await container.Inside(["cat", "/proc/net/tcp", "/proc/net/tcp6"]);
            // 8FB5 is port 36789; 01 is established.
            var open = sockets.Split('\n').Count(static line => line.Contains(":8FB5 ", StringComparison.Ordinal)
                && line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, var local, _, "01", ..]
                && local.EndsWith(":8FB5", StringComparison.Ordinal));
            if (open >= connections)
            {
                return;
            }

            Assert.True(clock.Elapsed < Container.Limit, sockets);
            await Task.Delay(50, Cancel);
        }
    }
}
