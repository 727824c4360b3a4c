using OrleansDtm.Tests.Support.Databases;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.DatabaseTests.Packages;

/// <summary>The packages as users get them.</summary>
public sealed class PackageTests(PackageFeed feed) : IAsyncLifetime
{
    public async ValueTask InitializeAsync() => await feed.Ready();

    public ValueTask DisposeAsync() => default;

    [Fact]
    public void Each_package_has_a_readme_an_icon_a_description_and_documentation()
    {
        Assert.All(feed.Names(), name =>
        {
            var (entries, metadata) = feed.Read(name);
            Assert.Contains("README.md", entries);
            Assert.Contains("icon.png", entries);
            string Value(string element) => metadata.Elements().Single(e => e.Name.LocalName == element).Value;
            Assert.True(Value("description").Length > 20, name);
            Assert.StartsWith("https://", Value("projectUrl"), StringComparison.Ordinal);
            Assert.Equal("MIT", Value("license"));
        });
    }

    [Fact]
    public void Samples_and_tests_are_not_packed() => Assert.All(
        feed.Names(), static name => Assert.StartsWith("OrleansDtm.", name, StringComparison.Ordinal));

    [Theory]
    [InlineData("OrleansDtm.Client")]
    [InlineData("OrleansDtm.Client.AspNetCore")]
    [InlineData("OrleansDtm.Client.EntityFrameworkCore")]
    [InlineData("OrleansDtm.Client.Grpc")]
    [InlineData("OrleansDtm.Client.Redis")]
    [InlineData("OrleansDtm.Abstractions")]
    [InlineData("OrleansDtm.Branches")]
    public void What_applications_reference_is_there_for_dotnet_8_and_10(string package)
    {
        var (entries, _) = feed.Read($"{package}.{feed.Version}");
        Assert.Contains($"lib/net8.0/{package}.dll", entries);
        Assert.Contains($"lib/net10.0/{package}.dll", entries);
        Assert.Contains($"lib/net8.0/{package}.xml", entries);
    }

    [Fact]
    public void The_client_over_HTTP_brings_neither_protobuf_nor_gRPC()
    {
        foreach (var package in (string[])["OrleansDtm.Client", "OrleansDtm.Client.AspNetCore", "OrleansDtm.Protocol"])
        {
            var (_, metadata) = feed.Read($"{package}.{feed.Version}");
            Assert.DoesNotContain(
                metadata.Descendants().Where(static e => e.Name.LocalName == "dependency"),
                static d => d.Attribute("id")!.Value is "Google.Protobuf" or "Grpc.Core.Api"
                    or "OrleansDtm.Protocol.Grpc");
        }
    }

    [Fact]
    public void The_package_of_the_analyzer_is_for_the_compiler_only()
    {
        var (entries, metadata) = feed.Read($"OrleansDtm.Analyzers.{feed.Version}");
        Assert.Contains("analyzers/dotnet/cs/OrleansDtm.Analyzers.dll", entries);
        Assert.DoesNotContain(entries, static file => file.StartsWith("lib/", StringComparison.Ordinal));
        Assert.DoesNotContain(metadata.Descendants(), static e => e.Name.LocalName == "dependency");
    }

    [Theory]
    [InlineData("OrleansDtm.Client", "OrleansDtm.Analyzers")]
    [InlineData("OrleansDtm.Client.AspNetCore", "OrleansDtm.Client")]
    [InlineData("OrleansDtm.Client.EntityFrameworkCore", "OrleansDtm.Client")]
    [InlineData("OrleansDtm.Client.Grpc", "OrleansDtm.Client")]
    [InlineData("OrleansDtm.Client.Redis", "OrleansDtm.Client")]
    public void The_packages_of_the_SDK_pass_the_analyzer_on(string package, string dependency)
    {
        var (_, metadata) = feed.Read($"{package}.{feed.Version}");
        var found = metadata.Descendants().Where(
            e => e.Name.LocalName == "dependency" && e.Attribute("id")!.Value == dependency).ToArray();
        Assert.Equal(2, found.Length); // One for each framework.
        Assert.All(found, static d =>
        {
            Assert.Null(d.Attribute("exclude"));
            Assert.Matches("^(All|.*Analyzers.*)$", d.Attribute("include")!.Value);
        });
    }

    [Theory]
    [InlineData("net8.0", "8.0", "Microsoft.EntityFrameworkCore.Relational")]
    [InlineData("net10.0", "10.0", "Microsoft.EntityFrameworkCore.Relational")]
    public void Each_framework_gets_the_EF_Core_of_its_own_version(string framework, string version, string dependency)
    {
        var (_, metadata) = feed.Read($"OrleansDtm.Client.EntityFrameworkCore.{feed.Version}");
        var group = metadata.Descendants().Single(
            e => e.Name.LocalName == "group" && e.Attribute("targetFramework")?.Value == framework);
        Assert.StartsWith(
            version,
            group.Elements().Single(e => e.Attribute("id")!.Value == dependency).Attribute("version")!.Value,
            StringComparison.Ordinal);
    }
}

/// <summary>
/// Applications for .NET 8 and 10 that take the packages from a feed and run transactions of each kind.
/// </summary>
public abstract class PackageApplicationTests<TServer>(PackageFeed feed, DatabaseUnderTest<TServer> database)
    where TServer : DatabaseServer, new()
{
    [Theory]
    [InlineData("net8.0", "8", ".NET 8.", "EF Core 8.")]
    [InlineData("net8.0", "9", ".NET 8.", "EF Core 9.")]
    [InlineData("net10.0", "10", ".NET 10.", "EF Core 10.")]
    public async Task An_application_runs_saga_tcc_outbox_workflow_and_gRPC(
        string framework, string entityFramework, string runtime, string mapper)
    {
        await feed.Ready();

        // A cold application on a busy machine may need more than the usual 3 s, and logs a call that is cut off.
        await using var coordinator = await ServerProcess.Start(
            TestContext.Current.CancellationToken, ("REQUEST_TIMEOUT", "60"));
        var output = await feed.Build("Shop", $"Framework={framework}", $"EntityFramework={entityFramework}");
        var place = await EmptyDatabase.Create(database.NewDatabase());

        var program = Path.Combine(output, "Shop");
        var said = await PackageFeed.Run(
            program,
            coordinator.Url,
            coordinator.GrpcUrl,
            place,
            FreePort.Next().ToString(System.Globalization.CultureInfo.InvariantCulture));

        Assert.Contains(runtime, said, StringComparison.Ordinal);
        Assert.Contains(mapper, said, StringComparison.Ordinal);
        Assert.Equal(
            [
                "saga ok: 990 left, 1 sold",
                "rollback ok: 990 left, 1 sold",
                "tcc ok: 980 left, 2 sold",
                "outbox ok: 970 left, 3 sold",
                "workflow ok: 960 left, 3 sold",
                "grpc ok: 950 left, 3 sold",
            ],
            said.Split('\n', StringSplitOptions.RemoveEmptyEntries)[1..]);
    }
}

[Collection(SharedMariaDb.Name)]
public sealed class MariaDbPackageTests(PackageFeed feed, DatabaseUnderTest<MariaDbServer> database)
    : PackageApplicationTests<MariaDbServer>(feed, database);

[Collection(SharedMySql.Name)]
public sealed class MySqlPackageTests(PackageFeed feed, DatabaseUnderTest<MySqlServer> database)
    : PackageApplicationTests<MySqlServer>(feed, database);
