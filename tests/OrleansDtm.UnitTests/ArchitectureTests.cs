using System.Text.RegularExpressions;
using System.Xml.Linq;
using OrleansDtm.Storage.Drivers;
using OrleansDtm.Tests.Support;
using Xunit;

namespace OrleansDtm.UnitTests;

/// <summary>Checks the project references that src/README.md allows.</summary>
public sealed class ArchitectureTests
{
    private static readonly Dictionary<string, string[]> Arrows = new()
    {
        ["Core"] = [],
        ["Protocol"] = [],
        ["Protocol.Grpc"] = [],
        ["Storage"] = ["Core"],
        ["Invokers"] = ["Core", "Protocol"],
        ["Abstractions"] = [],
        ["Branches"] = ["Abstractions"],
        ["Grains"] = ["Abstractions", "Branches", "Core", "Protocol", "Protocol.Grpc", "Storage", "Invokers"],
        ["Import"] = ["Grains"],
        ["Server"] = ["Grains", "Import", "Protocol", "Protocol.Grpc"],
        ["Analyzers"] = [],
        ["Client"] = ["Protocol", "Analyzers"],
        ["Client.AspNetCore"] = ["Client"],
        ["Client.EntityFrameworkCore"] = ["Client"],
        ["Client.Grpc"] = ["Client", "Protocol.Grpc"],
        ["Client.Redis"] = ["Client"],
        ["Cli"] = ["Protocol"],
        ["Testing"] = ["Client", "Server"],
        ["Templates"] = [],
        ["Aspire"] = ["Client"],
        ["Aspire.Hosting"] = [],
        ["Testcontainers"] = [],
    };

    [Fact]
    public void Projects_reference_each_other_only_along_the_arrows()
    {
        foreach (var (name, allowed) in Arrows)
        {
            var references = Items(name, "ProjectReference").Select(
                path => Path.GetFileNameWithoutExtension(path).Replace("OrleansDtm.", ""));
            Assert.Equal(allowed.Order(), references.Order());
        }
    }

    [Fact]
    public void Every_project_of_the_product_is_on_the_map()
    {
        var projects = Directory.GetDirectories(RepositoryRoot.File("src"), "OrleansDtm.*").Select(
            path => Path.GetFileName(path).Replace("OrleansDtm.", ""));
        Assert.Equal(Arrows.Keys.Order(), projects.Order());
        var map = File.ReadAllText(RepositoryRoot.File("src", "README.md"));
        Assert.All(Arrows.Keys, name => Assert.Contains($"`OrleansDtm.{name}`", map, StringComparison.Ordinal));
    }

    [Fact]
    public void Core_and_Protocol_need_no_package_at_run_time_and_the_gRPC_API_only_those_of_its_messages()
    {
        Assert.All(
            Items("Core", "PackageReference"),
            package => Assert.EndsWith("Analyzers", package, StringComparison.Ordinal));
        string[] allowed = ["Google.Protobuf", "Grpc.Core.Api", "Grpc.Tools"]; // Grpc.Tools is used only by the build.
        Assert.Empty(Items("Protocol", "PackageReference"));
        Assert.Subset(allowed.ToHashSet(), Items("Protocol.Grpc", "PackageReference").ToHashSet());
    }

    [Fact]
    public void Grains_do_not_know_the_web_server()
    {
        Assert.Empty(Items("Grains", "FrameworkReference"));
        var assembly = typeof(OrleansDtm.Grains.DtmGrainOptions).Assembly;
        Assert.DoesNotContain(
            assembly.GetReferencedAssemblies(),
            a => a.Name!.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal));
    }

    [Fact]
    public void An_Orleans_client_needs_the_SDK_and_nothing_else() =>
        Assert.Equal(["Microsoft.Orleans.Sdk"], Items("Abstractions", "PackageReference"));

    [Fact]
    public void Core_knows_nothing_of_Orleans() => Assert.DoesNotContain(
        typeof(OrleansDtm.Core.Transaction).Assembly.GetReferencedAssemblies(),
        static assembly => assembly.Name!.StartsWith("Orleans", StringComparison.Ordinal));

    /// <summary>
    /// Differences between databases belong behind <see cref="StoreDriver"/>. The SDK's barrier is a separate package.
    /// </summary>
    [Fact]
    public void Only_the_folders_of_the_store_drivers_name_drivers_and_their_libraries()
    {
        string[] own = ["Sqlite", "MySql", "Postgres"];

        // Packages and code for applications, which do not use the stores. Aspire sets Store:Driver.
        string[] others = ["Samples/", "OrleansDtm.Client", "OrleansDtm.Aspire", "OrleansDtm.Templates/content/"];
        var root = RepositoryRoot.File("src");
        var found = Directory.GetFiles(root, "*.cs", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(root, file).Replace('\\', '/'))
            .Where(file => !others.Any(o => file.StartsWith(o, StringComparison.Ordinal)))
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal)
                && !own.Any(o => file.StartsWith($"OrleansDtm.Storage/{o}/", StringComparison.Ordinal)))
            .SelectMany(
                file => DriverNames(File.ReadAllText(Path.Combine(root, file))).Select(name => $"{file}: {name}"));

        Assert.Empty(found);
        Assert.All(
            own, folder => Assert.NotEmpty(Directory.GetFiles(Path.Combine(root, "OrleansDtm.Storage", folder))));
    }

    [Theory]
    [InlineData("""if (driver == "mysql")""", "\"mysql\"")]
    [InlineData("""options.Driver is not ("mysql" or Postgres)""", "\"mysql\"")]
    [InlineData("""driver switch { "postgres" => 1, _ => 2 }""", "\"postgres\"")]
    [InlineData("""case "sqlite":""", "\"sqlite\"")]
    [InlineData("""url.Scheme is "mariadb" ? 1 : 2""", "\"mariadb\"")]
    [InlineData("using MySqlConnector;", "MySqlConnector")]
    [InlineData("connection is Npgsql.NpgsqlConnection", "Npgsql")]
    [InlineData("// mysql or postgres", null)]
    [InlineData("""var example = "mysql://user@host/dtm";""", null)]
    public void A_switch_over_names_of_drivers_is_found(string code, string? expected) =>
        Assert.Equal(expected, DriverNames(code).FirstOrDefault());

    /// <summary>Returns literals that are driver names, and names of the client libraries.</summary>
    private static IEnumerable<string> DriverNames(string code)
    {
        var drivers = StoreDrivers.All;
        var names = string.Join('|', drivers.Names.SelectMany(name => drivers.Find(name).Aliases.Prepend(name)));
        return Regex.Matches(
            code,
            $"\"(?:{names})\"|^using (?<lib>{Libraries})|[^\".a-zA-Z](?<lib>{Libraries})\\.",
            RegexOptions.Multiline)
            .Select(static match => match.Groups["lib"] is { Success: true } library ? library.Value : match.Value);
    }

    private const string Libraries = @"MySqlConnector|Npgsql|Microsoft\.Data\.Sqlite";

    private static IEnumerable<string> Items(string project, string kind) =>
        XDocument.Load(RepositoryRoot.File("src", $"OrleansDtm.{project}", $"OrleansDtm.{project}.csproj"))
            .Descendants(kind)
            .Select(item => item.Attribute("Include")!.Value);
}
