using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;
using OrleansDtm.Core;
using OrleansDtm.Fuzz.Engine;
using OrleansDtm.Grains;
using OrleansDtm.Grains.Service;
using OrleansDtm.Import;
using OrleansDtm.Server.Commands;
using OrleansDtm.Server.Configuration;
using OrleansDtm.Server.Export;
using OrleansDtm.Storage;

namespace OrleansDtm.Fuzz.Parsers;

/// <summary>The parsers of databases, files and the command line.</summary>
internal static class StoredParsers
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly DtmMapper Mapper = new(new RequestOptions());

    public static IEnumerable<Target> All() =>
    [
        new ParserTarget("stored-row", RowSeeds(), Row, typeof(InvalidDataException)),
        new ParserTarget("import-row", ImportSeeds, Import, typeof(RequestException)),
        new ParserTarget("import-address", AddressSeeds, Address, typeof(SourceAddressException)),
        new ParserTarget(
            "settings-line",
            SettingSeeds,
            static input => SettingsLoader.Load(Lines(input)),
            typeof(SettingsException)),
        new ParserTarget("settings-yaml", YamlSeeds, Yaml, typeof(SettingsException)),
        new ParserTarget(
            "arguments",
            ArgumentSeeds,
            static input => new CommandLine(new ExportCommand()).Check(Lines(input)),
            typeof(UsageException)),
        new ParserTarget("export-document", ExportSeeds, Export),
    ];

    private static IReadOnlyList<byte[]> ImportSeeds { get; } = Corpus.Texts(
        "saga\nsubmitted\nhttp\n{\"retry_interval\":5,\"branch_headers\":{\"a\":\"b\"}}\n{\"concurrent\":"
        + "true}\n{\"headers\":{\"x\":\"y\"}}\n\n01 compensate http://a/c prepared\n01 action http://a/x succeed",
        "msg\nprepared\nhttp\n{}\n{\"delay\":60}\n\nhttp://a/q\n01 action http://a/x prepared",
        "tcc\naborting\ngrpc\n{}\n\n\n\n01 cancel a:1/p.S/M prepared\n01 confirm a:1/p.S/N prepared",
        "workflow\nprepared\nhttp\n{}\n{\"name\":\"w\",\"data\":\"AA==\"}\n\nhttp://a/w\n01 action - succeed");

    private static IReadOnlyList<byte[]> AddressSeeds { get; } = Corpus.Texts(
        "mysql://joe:p%40ss@db:3307/dtm?SslMode=None", "postgres://joe@[::1]:5432/d",
        "Server=db;User ID=joe;Password=x", "Host=db;Username=joe");

    private static IReadOnlyList<byte[]> SettingSeeds { get; } = Corpus.Texts(
        "--HttpPort=8080\n--GrpcPort\n8081", "--Store:Driver=mysql\n--Store:ConnectionString=Server=a;Database=b",
        "--Store:Driver=postgres\n--Store:Shards:0=Host=a;Database=b\n--Cluster:Mode=AdoNet",
        "--RetryInterval=0.5\n--LogLevel=warn\n--AlertWebHook=https://a/b",
        "--Cluster:AdvertisedAddress=::1\n--Store:Retention=1e3");

    private static IReadOnlyList<byte[]> YamlSeeds { get; } = Corpus.Texts(
        "Store:\n  Driver: 'mysql'\n  Host: localhost\n  Port: 3306\nRetryInterval: 10\nMicroService:\n  Driver: x\n",
        "Store:\n  Shards:\n    - a.db\n    - b.db\n",
        "a: &x [1, 2]\nb: *x\n");

    private static IReadOnlyList<byte[]> ArgumentSeeds { get; } = Corpus.Texts(
        "--gid=g1\n--with-secrets\n--Store:Path\nx.db", "--gid\ng\n--out\n--x");

    private static IReadOnlyList<byte[]> ExportSeeds { get; } = Corpus.Texts(
        """{"transaction":{"gid":"g","options":"{\"branch_headers\":{\"Authorization\":\"x\"}}","custom_data":"[1]"},"branches":[{"url":"http://u:p@h/?token=1","bin_data":"e30="}]}""");

    private static string[] Lines(byte[] input) => Encoding.UTF8.GetString(input).Split('\n');

    private static List<byte[]> RowSeeds()
    {
        var call = new BranchOpDefinition("01", BranchOps.Action, "http://a/x", new byte[] { 1, 2 }, Now);
        var branch = new BranchOp
        {
            Definition = call,
            Attempts = 1,
            RetryAt = Now,
            OrphanedUntil = Now,
            LastError = "no",
            History = [new Attempt(Now, TimeSpan.FromMilliseconds(3), OutcomeKind.Unknown, "no")],
        };
        var transaction = new Transaction
        {
            Definition = new TransactionDefinition
            {
                Gid = "g",
                Type = TransactionType.Msg,
                Created = Now,
                Query = call with { Id = "00" },
                QueryPrepared = "http://a/q",
                Options = new TransactionOptions
                {
                    Orders = ImmutableDictionary<int, ImmutableArray<int>>.Empty.Add(1, [0]),
                },
                BranchHeaders = ImmutableDictionary<string, string>.Empty.Add("a", "b"),
            },
            Branches = [branch, branch with { Status = BranchStatus.Succeed, Finished = Now }],
            Query = branch,
            Notice = branch,
            Status = TransactionStatus.Submitted,
            Updated = Now,
            WakeAt = Now,
            LeaseUntil = Now,
        };
        return
        [
            [
                .. TransactionCodec.EncodeProgress(transaction), 0,
                .. TransactionCodec.EncodeDefinition(transaction.Definition, transaction.Branches.AsSpan()[..1]), 0,
                .. TransactionCodec.EncodeAppended(transaction.Branches.AsSpan()[1..]),
            ],
            [.. TransactionCodec.EncodeProgress(transaction), 0, .. TransactionCodec.EncodeDefinition(
                transaction.Definition, transaction.Branches.AsSpan())],
        ];
    }

    /// <summary>Progress and bodies, separated by a zero byte.</summary>
    private static void Row(byte[] input)
    {
        var parts = new List<byte[]>();
        for (var rest = input.AsSpan(); ;)
        {
            var end = rest.IndexOf((byte)0);
            parts.Add(end < 0 ? rest.ToArray() : rest[..end].ToArray());
            if (end < 0)
            {
                break;
            }

            rest = rest[(end + 1)..];
        }

        if (parts.Count > 1)
        {
            StoredRows.Decode(
                7, new EncodedTransaction("submitted", 3, Now.ToUnixTimeMilliseconds(), null, parts[0], parts[1..]));
        }
    }

    /// <summary>One line for each column, then one line for each branch.</summary>
    private static void Import(byte[] input)
    {
        var lines = Lines(input);
        string Line(int number) => number < lines.Length ? lines[number] : "";
        var branches = lines.Skip(7).Select(static line => line.Split(' ')).Select(static p => new DtmBranch
        {
            Gid = "g1",
            BranchId = p[0],
            Op = p.ElementAtOrDefault(1) ?? "",
            Url = p.ElementAtOrDefault(2) is { } url and not "-" ? url : "",
            Status = p.ElementAtOrDefault(3) ?? "",
        }).ToList();
        Mapper.Map(
            new DtmTransaction
            {
                Gid = "g1",
                Type = Line(0),
                Status = Line(1),
                Protocol = Line(2),
                Options = Line(3),
                CustomData = Line(4),
                ExtData = Line(5),
                QueryPrepared = Line(6),
                NextInterval = input.Length > 0 ? input[0] : 0,
            },
            branches,
            Now);
    }

    private static void Address(byte[] input)
    {
        var text = Encoding.UTF8.GetString(input);
        var driver = (input.Length % 3) switch { 0 => null, 1 => "mysql", _ => "postgres" };
        _ = SourceAddress.Parse(text, driver).Shown;
    }

    private static void Yaml(byte[] input)
    {
        var file = Path.GetTempFileName();
        var errors = Console.Error;
        try
        {
            File.WriteAllBytes(file, input);
            Console.SetError(TextWriter.Null); // The loader prints every unknown key.
            SettingsLoader.Load(["-c", file]);
        }
        finally
        {
            Console.SetError(errors);
            File.Delete(file);
        }
    }

    private static void Export(byte[] input)
    {
        if (TransactionDocument.Parse(Encoding.UTF8.GetString(input)) is JsonObject document)
        {
            TransactionDocument.Finish(document, "test", withSecrets: input.Length % 2 == 0, onOneLine: true, Now);
        }
    }
}
