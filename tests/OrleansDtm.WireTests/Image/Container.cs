using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using OrleansDtm.Tests.Support.Wire;
using OrleansDtm.WireTests.Release;
using Xunit;

namespace OrleansDtm.WireTests.Image;

/// <summary>
/// A container of the image, without an engine: its files read-only, its own network with a loopback, its user and
/// environment. <c>docker run --read-only --tmpfs /tmp</c> does the same.
/// </summary>
internal sealed class Container : IAsyncDisposable
{
    /// <summary>docker stop kills after 10 s; a health check that is slower than that is of no use either.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    private readonly ImageContent _image;
    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("orleansdtm-data-");
    private readonly Process _process;
    private readonly Task<string> _output;
    private readonly Task<string> _errors;

    private Container(ImageContent image, string[] arguments, (string Name, string Value)[] settings)
    {
        _image = image;
        var owner = image.Config.GetProperty("User").GetString()!;
        // The image's /data is a volume; an engine gives a new one the owner of the folder in the image.
        _process = Script.Start(
            "unshare",
            [
                "--mount", "--net", "bash", "-ec",
                """
                root=$1; data=$2; owner=$3; shift 3
                ip link set lo up
                chown "$(stat --format %u:%g "$root/data")" "$data"
                mount --bind "$root" "$root"
                mount --options remount,bind,ro "$root"
                mount --bind "$data" "$root/data"
                mount --types tmpfs --options mode=1777 tmpfs "$root/tmp"
                mount --types proc proc "$root/proc"
                mount --rbind /dev "$root/dev"
                exec setpriv --no-new-privs chroot --userspec "$owner" "$root" "$@"
                """,
                "container", image.Root, _data.FullName, owner, .. Command(image.Config, settings, "Entrypoint"),
                .. arguments,
            ]);
        _output = _process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        _errors = _process.StandardError.ReadToEndAsync(CancellationToken.None);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Id => _process.Id.ToString(CultureInfo.InvariantCulture);

    public static Container Start(ImageContent image, params (string Name, string Value)[] settings) =>
        new(image, [], settings);

    public static Container Start(ImageContent image, string[] arguments) => new(image, arguments, []);

    /// <summary>Runs a command of the program to its end.</summary>
    /// <returns>Its output.</returns>
    public static async Task<string> Run(ImageContent image, params string[] arguments)
    {
        await using var container = new Container(image, arguments, []);
        var (exit, output, errors) = await container.Ended();
        Assert.True(exit == 0, output + errors);
        return output;
    }

    /// <summary>Waits until the image's own health check succeeds.</summary>
    public Task Healthy() => Until(IsHealthy);

    /// <summary>Waits for a state of the running container.</summary>
    public async Task Until(Func<Task<bool>> reached)
    {
        var clock = Stopwatch.StartNew();
        while (!await reached())
        {
            if (_process.HasExited || clock.Elapsed > Poll.Patience)
            {
                Assert.Fail($"not reached after {clock.Elapsed}: {await Stopped()}");
            }
        }
    }

    /// <summary>Runs the image's HEALTHCHECK, as an engine does: in the container, as its user.</summary>
    public async Task<bool> IsHealthy() => (await Inside(
        ["chroot", "--userspec", _image.Config.GetProperty("User").GetString()!, _image.Root,
            .. Command(_image.Config, [], "Healthcheck", "Test")])).Exit == 0;

    /// <summary>Makes a request in the container's network.</summary>
    public Process Curl(params string[] arguments) => Beside("curl", ["--silent", .. arguments]);

    /// <summary>Starts a program of this machine in the container's network.</summary>
    public Process Beside(string program, params string[] arguments) =>
        Script.Start("nsenter", ["--target", Id, "--net", program, .. arguments]);

    public async Task<string> Get(params string[] arguments)
    {
        using var curl = Curl(arguments);
        var text = await curl.StandardOutput.ReadToEndAsync(Cancel);
        await curl.WaitForExitAsync(Cancel);
        return text;
    }

    public Task<(int Exit, string Output, string Errors)> Inside(IEnumerable<string> command) => Script.Try(
        "nsenter", ["--target", Id, "--net", "--mount", .. command]);

    /// <summary>What the kernel knows of the process, such as its Uid.</summary>
    public async Task<string> Status() => await File.ReadAllTextAsync($"/proc/{Id}/status", Cancel);

    /// <summary>Sends SIGTERM to the image's first process and waits for its end.</summary>
    /// <returns>The exit code and the time that it took; -1 if it had to be killed, as docker stop does.</returns>
    public async Task<(int Exit, TimeSpan Took)> Stop()
    {
        var clock = Stopwatch.StartNew();
        await Script.Run("kill", ["-TERM", Id]);
        try
        {
            await _process.WaitForExitAsync(Cancel).WaitAsync(Limit, Cancel);
            return (_process.ExitCode, clock.Elapsed);
        }
        catch (TimeoutException)
        {
            return (-1, clock.Elapsed);
        }
    }

    /// <summary>Waits for the end of a process that ends by itself.</summary>
    public async Task<(int Exit, string Output, string Errors)> Ended()
    {
        await _process.WaitForExitAsync(Cancel).WaitAsync(Poll.Patience, Cancel);
        return (_process.ExitCode, await _output, await _errors);
    }

    public async ValueTask DisposeAsync()
    {
        await Stopped();
        _process.Dispose();
        _data.Delete(recursive: true);
    }

    private async Task<string> Stopped()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync(CancellationToken.None);
        }

        return await _output + await _errors;
    }

    /// <summary>A command of the image's configuration with its environment and folder.</summary>
    private static IEnumerable<string> Command(
        JsonElement config, (string Name, string Value)[] settings, params string[] path)
    {
        var parts = path.Aggregate(config, static (at, name) => at.GetProperty(name)).EnumerateArray()
            .Select(static part => part.GetString()!).Where(static part => part != "CMD");
        return
        [
            "/usr/bin/env", "--ignore-environment", $"--chdir={config.GetProperty("WorkingDir").GetString()}",
            .. config.GetProperty("Env").EnumerateArray().Select(static one => one.GetString()!),
            .. settings.Select(static one => $"{one.Name}={one.Value}"),
            .. parts,
        ];
    }
}
