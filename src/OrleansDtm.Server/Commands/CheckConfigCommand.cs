using System.CommandLine;
using System.Globalization;
using OrleansDtm.Server.Checks;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Hosting;
using OrleansDtm.Storage.Inspection;

namespace OrleansDtm.Server.Commands;

/// <summary>Checks whether a coordinator would start with these settings.</summary>
internal sealed class CheckConfigCommand : ProgramCommand
{
    private readonly Option<bool> _noPorts = Flag(
        "--no-ports", "do not check the ports: a coordinator with these settings is running");

    public override string Name => "check-config";

    public override string Summary => "print the effective settings and check whether a coordinator would start";

    public override string Explanation => """
        Reads the settings as 'run' does, prints each with its source (secrets are hidden), and checks the store (connection,
        schema, permissions, clock), the ports and the certificates. Nothing is changed.
        """;

    public override string Notes =>
        "Exit codes: 0 = a coordinator would start, 1 = there are problems; each has a solution.";

    public override IReadOnlyList<Option> Options => [_noPorts];

    public override async Task<int> Run(ParseResult parsed, string[] settings)
    {
        var (options, wrong, ignored) = Read(settings);
        var problems = Tell("Invalid settings", wrong.Select(Finding.Problem));
        problems += Tell("Ignored", ignored.Select(Finding.Note));
        if (options is not null)
        {
            problems += await Look(options, !parsed.GetValue(_noPorts));
        }

        Console.WriteLine(problems switch
        {
            0 => "A coordinator would start with these settings.",
            1 => "1 problem.",
            _ => string.Create(CultureInfo.InvariantCulture, $"{problems} problems."),
        });
        return problems == 0 ? 0 : CommandLine.Failed;
    }

    /// <summary>Reads and prints the settings; options are null if they are invalid.</summary>
    private static (CoordinatorOptions? Options, IReadOnlyList<string> Wrong, IReadOnlyList<string> Ignored) Read(
        string[] args)
    {
        CoordinatorOptions? options = null;
        IReadOnlyList<string> wrong = [];
        var ignored = new List<string>();
        try
        {
            options = SettingsLoader.Load(args, ignored.Add);
            SecuritySettings.CheckBind(options);
        }
        catch (SettingsException e)
        {
            wrong = e.Problems;
        }

        try
        {
            var given = SettingsLoader.Explain(args);
            Console.WriteLine("Settings");
            foreach (var line in SettingsReport.Lines(given, options))
            {
                Console.WriteLine(line);
            }
        }
        catch (SettingsException e)
        {
            // A source that cannot be read at all; reported above.
            wrong = wrong.Union(e.Problems).ToList();
        }

        return (options, wrong, ignored);
    }

    private static async Task<int> Look(CoordinatorOptions options, bool ports)
    {
        var problems = 0;
        var driver = StoreFactory.Driver(options.Store);
        foreach (var place in StoreFactory.Places(options.Store))
        {
            // What cannot be read cannot be described either; the finding says why.
            var database = StoreFactory.Database(options.Store, place);
            var where = driver.FindRefusal(place) is null ? driver.Describe(database) : $"{driver.Name} database";
            problems += Tell(
                $"Store, {where}", await driver.Inspect(database, TimeProvider.System, CancellationToken.None));
        }

        if (options.Cluster.IsShared && options.Cluster.ConnectionString is { Length: > 0 } own)
        {
            var database = StoreFactory.Database(options.Store, own);
            problems += Tell("Database of the cluster", [await driver.Cluster!.Look(database, CancellationToken.None)]);
        }

        if (ports)
        {
            problems += Tell("Ports", PortChecks.Ports(options));
        }

        return problems + Tell("Certificates", CertificateChecks.Of(options, TimeProvider.System));
    }

    /// <returns>The number of problems.</returns>
    private static int Tell(string title, IEnumerable<Finding> findings)
    {
        var all = findings.ToList();
        if (all.Count > 0)
        {
            Console.WriteLine($"{Environment.NewLine}{title}");
        }

        foreach (var (kind, text) in all)
        {
            Console.WriteLine("  "
                + $"{kind switch { FindingKind.Good => "ok      ", FindingKind.Note => "note    ", _ => "PROBLEM " }} "
                + $"{text}");
        }

        return all.Count(static f => f.Kind == FindingKind.Problem);
    }
}
