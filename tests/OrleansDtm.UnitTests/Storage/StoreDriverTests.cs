using System.CommandLine;
using Microsoft.Extensions.Logging;
using OrleansDtm.Server.Commands;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Storage;
using OrleansDtm.Storage.Drivers;
using OrleansDtm.Storage.Inspection;
using OrleansDtm.Tests.Support.Import;
using Xunit;

namespace OrleansDtm.UnitTests.Storage;

/// <summary>
/// The registry of drivers. An error in it must be reported at the start, with the driver and the missing part.
/// </summary>
public sealed class StoreDriverTests
{
    [Fact]
    public async Task An_unknown_driver_is_refused_at_the_start_and_the_known_ones_are_named()
    {
        var refused = await ServerCommand.Run("run", "--Store:Driver=oracle");
        refused.Ends(2);
        Assert.Contains(
            "Store:Driver: 'oracle' is not one of sqlite, mysql, postgres (default sqlite).",
            refused.Errors,
            StringComparison.Ordinal);
        Assert.Contains("[ODTM1001]", refused.Errors, StringComparison.Ordinal);

        var error = Assert.Throws<StoreDriverException>(() => StoreDrivers.All.Find("oracle"));
        Assert.Equal(
            "There is no store driver 'oracle'. Use one of sqlite, mysql, postgres. [ODTM2016]", error.Message);
    }

    /// <summary>A registered driver without its other parts: no folder below sql/, no cluster tables.</summary>
    [Fact]
    public void A_driver_that_is_half_registered_is_refused_with_the_parts_it_lacks()
    {
        var error = Assert.Throws<StoreDriverException>(() => new StoreDrivers([new HalfDriver("oracle")]));
        Assert.Equal(
            "The store driver 'oracle' is not complete. It lacks the schema scripts "
            + "sql/oracle/NNNN_name.sql and the barrier table "
            + "sql/oracle/barrier.sql and the cluster tables (StoreDriver.Cluster) and "
            + "the script of the cluster tables "
            + "sql/oracle/orleans.sql. Add what is missing, or remove the driver from StoreDrivers. [ODTM2016]",
            error.Message);

        var half = Assert.Throws<StoreDriverException>(() => new StoreDrivers([new HalfDriver("postgres")]));
        Assert.Contains(
            "'postgres' is not complete. It lacks the cluster tables (StoreDriver.Cluster). ",
            half.Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mysql")]
    [InlineData("mariadb")]
    public void Two_drivers_cannot_have_one_name(string name)
    {
        var error = Assert.Throws<StoreDriverException>(
            () => new StoreDrivers([StoreDrivers.MySql, new HalfDriver(name)]));
        Assert.Contains($"Two store drivers have the name '{name}'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_registry_that_is_not_complete_ends_every_command_before_it_does_anything() =>
        Assert.Equal(CommandLine.Failed, await new CommandLine(new WithHalfDriver()).Run(["run"]));

    [Fact]
    public void Every_driver_is_found_by_its_names_and_the_default_is_the_first()
    {
        Assert.Equal(["sqlite", "mysql", "postgres"], StoreDrivers.All.Names);
        Assert.Equal("sqlite", new StoreOptions().Driver);
        Assert.Same(StoreDrivers.MySql, StoreDrivers.All.Find("mariadb"));
        Assert.Same(StoreDrivers.Postgres, StoreDrivers.All.Find("postgresql"));
        Assert.Equal(["mysql", "postgres"], StoreDrivers.All.DtmNames);
    }

    private sealed class WithHalfDriver : ProgramCommand
    {
        public override string Name => "run";

        public override string Summary => "";

        public override string Explanation => "";

        public override Task<int> Run(ParseResult parsed, string[] settings) =>
            Task.FromResult(new StoreDrivers([new HalfDriver("oracle")]).Names.Count);
    }

    private sealed class HalfDriver(string name) : StoreDriver
    {
        public override string Name => name;

        public override ITransactionStore Create(
            DatabaseOptions database, TimeProvider clock, ILoggerFactory loggers) =>
            throw new NotSupportedException();

        public override string Describe(DatabaseOptions database) => throw new NotSupportedException();

        public override Task<IReadOnlyList<Finding>> Inspect(
            DatabaseOptions database, TimeProvider clock, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public override string PlaceOf(StoreAddress address) => throw new NotSupportedException();
    }
}
