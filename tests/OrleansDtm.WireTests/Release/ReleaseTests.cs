using System.IO.Compression;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Xml.Linq;
using OrleansDtm.Tests.Support;
using Xunit;

namespace OrleansDtm.WireTests.Release;

/// <summary>The scripts of .github/release, which the workflow of a tag calls.</summary>
public sealed class ReleaseTests : IDisposable
{
    private const string Version = "9.8.7-rc.1";

    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("orleansdtm-release-");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Out => Path.Combine(_home.FullName, "out");

    public void Dispose() => _home.Delete(recursive: true);

    [Theory]
    [InlineData("v1.2.3", "1.2.3")]
    [InlineData("v0.10.0-rc.1", "0.10.0-rc.1")]
    public async Task A_tag_has_its_version(string tag, string version)
    {
        var outputs = Path.Combine(_home.FullName, "outputs");
        var said = await Script.Run(".github/release/version.sh", [tag], ("GITHUB_OUTPUT", outputs));
        Assert.Equal(version, said.Trim());
        Assert.Equal($"version={version}\n", await File.ReadAllTextAsync(outputs, Cancel));
    }

    [Theory]
    [InlineData("1.2.3")]
    [InlineData("v1.2")]
    [InlineData("v1.2.3.4")]
    [InlineData("v01.2.3")]
    [InlineData("vnext")]
    [InlineData("v1.2.3;reboot")]
    public async Task Other_tags_are_refused(string tag) =>
        Assert.NotEqual(0, (await Script.Try(".github/release/version.sh", [tag])).Exit);

    [Theory]
    [InlineData("1.2.0", "### Added\n\n- A new thing.\n")]
    [InlineData("1.1.0", "### Fixed\n\n- An old one.\n")]
    [InlineData("1.3.0-rc.1", "### Changed\n\n- Not yet.\n")]
    [InlineData("1.2", null)]
    [InlineData("1.3.0", null)]
    public async Task The_text_of_a_release_is_its_section_of_the_changelog(string version, string? text)
    {
        var changelog = Path.Combine(_home.FullName, "CHANGELOG.md");
        await File.WriteAllTextAsync(
            changelog,
            "# Changelog\n\n## [Unreleased]\n\n### Changed\n\n- Not yet.\n\n## [1.2.0] - 2027-02-01\n\n### Added\n\n"
                + "- A new thing.\n\n## [1.1.0] - 2027-01-01\n\n### Fixed\n\n- An old one.\n",
            Cancel);

        var (exit, output, errors) = await Script.Try(".github/release/notes.sh", [version, changelog]);

        Assert.Equal((text is null ? 1 : 0, text ?? ""), (exit, output));
        Assert.Equal(text is null, errors.Contains("has no section for", StringComparison.Ordinal));
    }

    /// <summary>Packages and chart go to a feed and a registry of this machine, as to the public ones.</summary>
    [Fact]
    public async Task What_is_published_has_the_version_of_the_tag()
    {
        Script.Require("helm");
        await using var registry = await Registry.Start();
        // The other packages are built by PackageTests. This one compiles nothing.
        await Script.Run(
            "dotnet",
            [
                "build", RepositoryRoot.File("src", "OrleansDtm.Templates"), "-t:Pack", "--no-restore", "-v", "q",
                $"-p:Version={Version}", $"-p:PackageOutputPath={Out}",
            ]);
        await Script.Run(".github/release/sign.sh", [Out], Certificate());
        await Script.Run(".github/release/chart.sh", [Version, Out]);
        var feed = Directory.CreateDirectory(Path.Combine(_home.FullName, "feed")).FullName;
        (string, string)[] places =
        [
            ("NUGET_SOURCE", feed), ("CHART_REGISTRY", $"oci://{registry.Address}/charts"),
            ("CHART_OPTIONS", "--plain-http"),
        ];

        await Script.Run(".github/release/publish.sh", [Version, Out], places);
        await Script.Run(".github/release/publish.sh", [Version, Out], places); // Again, after a failure.

        await using var package = await ZipFile.OpenReadAsync(
            Path.Combine(feed, $"OrleansDtm.Templates.{Version}.nupkg"), Cancel);
        var projects = package.Entries.Where(static entry => entry.Name.EndsWith("proj", StringComparison.Ordinal))
            .ToList();
        Assert.NotEmpty(projects);
        foreach (var project in projects)
        {
            await using var stream = await project.OpenAsync(Cancel);
            var own = (await XDocument.LoadAsync(stream, LoadOptions.None, Cancel)).Descendants("PackageReference")
                .Where(static one => one.Attribute("Include")!.Value
                    .StartsWith("OrleansDtm.", StringComparison.Ordinal));
            Assert.All(own, static one => Assert.Equal(Version, one.Attribute("Version")!.Value));
        }

        Assert.Contains(package.Entries, static entry => entry.FullName == ".signature.p7s");

        var chart = $"oci://{registry.Address}/charts/orleansdtm";
        string[] from = [chart, "--version", Version, "--plain-http"];
        var rendered = await Script.Run(
            "helm", ["template", "orleansdtm", .. from, "--namespace", "dtm", "--set", Helm.Helm.Open]);
        var golden = await File.ReadAllTextAsync(
            RepositoryRoot.File("tests", "helm", "golden", "default.yaml"), Cancel);
        Assert.Equal(golden.Replace("0.1.0", Version, StringComparison.Ordinal), rendered);
        Assert.Contains("helm install dtm oci://", await Script.Run("helm", ["show", "readme", .. from]),
            StringComparison.Ordinal);
        var about = await Script.Run("helm", ["show", "chart", .. from]);
        Assert.All(
            (string[])["icon: https://", "home: https://", "sources:", $"appVersion: {Version}"],
            line => Assert.Contains(line, about, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_bill_of_materials_names_every_package_of_the_server()
    {
        var file = (await Script.Run(".github/release/sbom.sh", [Version, Out])).Trim().Split('\n')[^1];

        using var bill = JsonDocument.Parse(await File.ReadAllTextAsync(file, Cancel));
        Assert.Equal("CycloneDX", bill.RootElement.GetProperty("bomFormat").GetString());
        var described = bill.RootElement.GetProperty("metadata").GetProperty("component");
        Assert.Equal(Version, described.GetProperty("version").GetString());
        var named = bill.RootElement.GetProperty("components").EnumerateArray()
            .Select(static one => $"{one.GetProperty("name")}/{one.GetProperty("version")}").ToHashSet();
        // What the built server loads, by the file that the host reads.
        using var loaded = JsonDocument.Parse(await File.ReadAllTextAsync(
            Path.ChangeExtension(OrleansDtm.Tests.Support.Wire.ServerProcess.ServerDll(), ".deps.json"), Cancel));
        var packages = loaded.RootElement.GetProperty("libraries").EnumerateObject()
            .Where(static one => one.Value.GetProperty("type").GetString() == "package")
            .Select(static one => one.Name).ToList();
        Assert.Contains(packages, static one => one.StartsWith("Microsoft.Orleans.Runtime/", StringComparison.Ordinal));
        Assert.Empty(packages.Except(named));
    }

    [Fact]
    public async Task Without_a_certificate_nothing_is_signed() =>
        Assert.Contains("not signed", await Script.Run(".github/release/sign.sh", [Out]), StringComparison.Ordinal);

    /// <summary>Each pre-release needs a reason in Directory.Packages.props.</summary>
    [Fact]
    public void Only_one_package_is_a_pre_release()
    {
        var versions = XDocument.Load(RepositoryRoot.File("Directory.Packages.props")).Descendants("PackageVersion")
            .Where(static one => (one.Attribute("Version")?.Value ?? "").Contains('-', StringComparison.Ordinal))
            .Select(static one => one.Attribute("Include")!.Value);
        Assert.Equal(["OpenTelemetry.Exporter.Prometheus.AspNetCore"], versions);
    }

    [Fact]
    public async Task The_release_on_GitHub_has_the_files_and_their_sums()
    {
        var files = Directory.CreateDirectory(Out);
        foreach (var name in (string[])["A.1.nupkg", "orleansdtm-1.tgz", "orleansdtm-1.cdx.json"])
        {
            await File.WriteAllTextAsync(Path.Combine(files.FullName, name), name, Cancel);
        }

        var command = await Script.Run(
            ".github/release/github.sh", [Version, Out, "sha256:abc"], ("DRY_RUN", "1"));

        Assert.StartsWith($"gh release create v{Version} ", command, StringComparison.Ordinal);
        Assert.Contains(" --prerelease ", command, StringComparison.Ordinal);
        Assert.EndsWith("/SHA256SUMS\n", command, StringComparison.Ordinal);
        Assert.Equal(3, (await File.ReadAllLinesAsync(Path.Combine(Out, "SHA256SUMS"), Cancel)).Length);
        Assert.Contains("sha256:abc", await File.ReadAllTextAsync(Path.Combine(Out, "notes.md"), Cancel),
            StringComparison.Ordinal);
    }

    /// <summary>A certificate for signing code, as the repository's secrets have it.</summary>
    private static (string Name, string Value)[] Certificate()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=OrleansDtm", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.3")], false));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        var now = DateTimeOffset.UtcNow;
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return
        [
            ("NUGET_SIGNING_CERTIFICATE", Convert.ToBase64String(certificate.Export(X509ContentType.Pfx, "secret"))),
            ("NUGET_SIGNING_PASSWORD", "secret"),
        ];
    }
}
