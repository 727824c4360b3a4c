using System.Text.Json;
using OrleansDtm.Tests.Support;
using OrleansDtm.WireTests.Release;
using Xunit;

namespace OrleansDtm.WireTests.Image;

/// <summary>
/// The image of the repository's Dockerfile, built by the release's script on base images that are made of this
/// machine's files (<c>tests/image/base-images.sh</c>). Without root and buildah the tests are skipped; with CI=true
/// they fail.
/// </summary>
public sealed class BuiltImage : IAsyncLifetime
{
    public const string Name = "localhost/orleansdtm";
    public const string Version = "9.8.7";

    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("orleansdtm-image-");
    private bool _isBuilt;

    public ImageContent Coordinator { get; private set; } = new("", default);

    /// <summary>Images are kept apart from those of the machine.</summary>
    public (string Name, string Value)[] Storage => [("CONTAINERS_STORAGE_CONF", Path.Combine(_home.FullName, "conf"))];

    public async ValueTask InitializeAsync()
    {
        if (!OperatingSystem.IsLinux() || Environment.UserName != "root" || !File.Exists("/usr/bin/buildah"))
        {
            return;
        }

        await File.WriteAllTextAsync(
            Path.Combine(_home.FullName, "conf"),
            $"""
            [storage]
            driver = "overlay"
            graphroot = "{_home.FullName}/graph"
            runroot = "{_home.FullName}/run"
            """,
            TestContext.Current.CancellationToken);
        await Script.Run("tests/image/base-images.sh", [], Storage);
        await Script.Run(".github/release/image.sh", [Version, Name], [.. Storage, .. Local()]);
        _isBuilt = true;
        Coordinator = await Open($"{Name}:{Version}");
    }

    /// <summary>Builds the sample of compose.yaml.</summary>
    public async Task<ImageContent> Bank()
    {
        var local = Local().ToDictionary();
        var file = Path.Combine(Compose.ComposeFile.Folder, "bank.Dockerfile");
        await Buildah(
            [
                "bud", "--isolation=chroot", "--format=docker", "--tag=localhost/bank", $"--file={file}",
                $"--ignorefile={file}.dockerignore", $"--build-arg=SDK_IMAGE={local["SDK_IMAGE"]}",
                "--build-arg=RUNTIME_IMAGE=localhost/runtime-amd64", .. local["BUILDAH_OPTIONS"].Split(' '),
                RepositoryRoot.Path,
            ]);
        return await Open("localhost/bank");
    }

    private async Task<ImageContent> Open(string image)
    {
        var container = (await Buildah("from", "--pull-never", image)).Trim();
        var root = (await Buildah("mount", container)).Trim();
        using var about = JsonDocument.Parse(await Buildah("inspect", container));
        return new ImageContent(root, about.RootElement.GetProperty("Docker").GetProperty("config").Clone());
    }

    /// <summary>Skips the test if there is no image.</summary>
    public void Require()
    {
        if (!_isBuilt)
        {
            Assert.False(Environment.GetEnvironmentVariable("CI") == "true", "no image: root and buildah are required");
            Assert.Skip("the image needs root and buildah");
        }
    }

    /// <summary>Pushes both architectures, as a release does.</summary>
    /// <returns>The digest that the script prints.</returns>
    public async Task<string> Push(string registry) => (await Script.Run(
        ".github/release/image.sh",
        [Version, Name, $"docker://{registry}/orleansdtm"],
        [.. Storage, .. Local(), ("PUSH_OPTIONS", "--tls-verify=false")])).Trim();

    public async ValueTask DisposeAsync()
    {
        if (_isBuilt)
        {
            await Buildah("rm", "--all");
            await Buildah("rmi", "--all", "--force");
        }

        _home.Delete(recursive: true);
    }

    public Task<string> Buildah(params string[] arguments) => Script.Run("buildah", arguments, Storage);

    /// <summary>The SDK and the packages are this machine's; nothing comes from an image registry.</summary>
    private static (string Name, string Value)[] Local()
    {
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        var packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } set
            ? set
            : Path.Combine(home, ".nuget", "packages");
        var found = Script.Find("dotnet")!;
        var dotnet = Path.GetDirectoryName(
            File.ResolveLinkTarget(found, returnFinalTarget: true)?.FullName ?? found);
        string[] mounts =
        [
            $"{dotnet}:/usr/share/dotnet:ro", $"{packages}:/packages",
            $"{Path.Combine(home, ".nuget", "NuGet")}:/root/.nuget/NuGet:ro",
        ];
        return
        [
            ("SDK_IMAGE", "localhost/sdk"), ("RUNTIME_IMAGE", "localhost/runtime"),
            ("BUILDAH_OPTIONS", "--pull-never " + string.Join(' ', mounts.Select(static one => $"--volume {one}"))),
        ];
    }
}

/// <summary>An image's files and configuration.</summary>
/// <param name="Root">The folder with the files, as a container sees them.</param>
/// <param name="Config">Env, Entrypoint, User, Healthcheck, ...</param>
public sealed record ImageContent(string Root, JsonElement Config);
