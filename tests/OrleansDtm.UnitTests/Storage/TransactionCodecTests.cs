using System.Collections.Immutable;
using System.Reflection;
using System.Text;
using System.Text.Json;
using OrleansDtm.Core;
using OrleansDtm.Storage;
using OrleansDtm.Tests.Support.Storage;
using Xunit;

namespace OrleansDtm.UnitTests.Storage;

public sealed class TransactionCodecTests
{
    // The persisted format. A change of the code that breaks these tests makes rows of earlier versions unreadable:
    // change the code, not the tests.
    private const string Definition =
        """
        {"g":"g-1","t":2,"c":1772368215123,"p":"grpc","q":"http://a/q","k":{"i":"00","o":"msg","u":"http://a/q","p":"AQD/","c":1772368215124},"d":"日本 \uD83D\uDE00 <&>","o":{"f":35000,"r":1,"m":600000,"q":3001,"l":7,"c":true,"w":true,"d":5000,"o":{"2":[0,1]}},"h":{"A":"1","a":""},"b":[{"i":"01","o":"action","u":"http://s/1","p":"eyJhIjoxfQ==","c":1772368215125},{"i":"02","o":"action","u":"","c":1772368215126}]}
        """;

    private const string Appended = """[{"i":"03","o":"confirm","u":"http://s/3","c":1772368215127}]""";

    private const string Progress =
        """
        {"b":[{"s":2,"t":true,"n":2,"e":1772368216000,"m":"timeout","h":[{"a":1772368215500,"d":1234567,"o":4,"e":"timeout"},{"a":1772368216000,"d":950,"o":1}]},{"s":1,"t":true,"i":true,"f":3,"r":1772368217000},{"s":1}],"k":{"s":3,"t":true,"n":1},"r":"why","x":"{}","n":3,"w":1772368218000,"l":1772368219000}
        """;

    private const string DefinitionWithNotice =
        """{"g":"g-1","t":1,"c":1772368215123,"n":"http://a/n","o":{"r":10000,"m":600000,"q":3000}}""";

    private const string ProgressWithNotice =
        """
        {"a":{"d":{"i":"","o":"notice","u":"http://a/n","p":"e30=","c":1772368215124},"p":{"s":1,"t":true,"n":2,"f":2,"r":1772368216000,"m":"503"}},"w":1772368216000}
        """;

    private static readonly DateTimeOffset At = DateTimeOffset.FromUnixTimeMilliseconds(1772368215000);

    [Fact]
    public void FrozenFormat_IsReadAndWritten()
    {
        var state = Decode(Definition, Progress, Appended);
        Assert.Equal(StoredSamples.Describe(Expected()), StoredSamples.Describe(state));

        Assert.Equal(
            Definition, Text(TransactionCodec.EncodeDefinition(state.Definition, state.Branches.AsSpan()[..2])));
        Assert.Equal(Appended, Text(TransactionCodec.EncodeAppended(state.Branches.AsSpan()[2..])));
        Assert.Equal(Progress, Text(TransactionCodec.EncodeProgress(state)));
    }

    [Fact]
    public void FrozenFormatOfANotice_IsReadAndWritten()
    {
        var state = Decode(DefinitionWithNotice, ProgressWithNotice);
        Assert.Equal("http://a/n", state.Definition.NoticeUrl);
        var expected = new BranchOp
        {
            Definition = new BranchOpDefinition("", "notice", "http://a/n", "{}"u8.ToArray(), At.AddMilliseconds(124)),
            Started = true,
            Attempts = 2,
            Failures = 2,
            RetryAt = At.AddSeconds(1),
            LastError = "503",
        };
        Assert.Equal(JsonSerializer.Serialize(expected), JsonSerializer.Serialize(state.Notice));

        Assert.Equal(DefinitionWithNotice, Text(TransactionCodec.EncodeDefinition(state.Definition, [])));
        Assert.Equal(ProgressWithNotice, Text(TransactionCodec.EncodeProgress(state)));
    }

    [Fact]
    public void FrozenFormatOfATrace_IsReadAndWritten()
    {
        const string Traced =
            """{"g":"g-1","t":1,"c":1772368215123,"o":{"r":10000,"m":600000,"q":3000},"tp":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01","ts":"a=1"}""";
        var state = Decode(Traced, "{}");
        Assert.Equal(
            new TraceContext("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "a=1"), state.Definition.Trace);
        Assert.Equal(Traced, Text(TransactionCodec.EncodeDefinition(state.Definition, [])));
        Assert.Null(Decode(DefinitionWithNotice, "{}").Definition.Trace); // Rows of versions without traces.
    }

    [Fact]
    public void FrozenFormatOfASubmitsOptions_IsReadAndWritten()
    {
        const string Amendment =
            """
            {"o":{"f":1000,"r":2000,"g":true,"m":600000,"q":4000,"c":true,"d":5000},"h":{"X":"1"},"d":"{\"delay\":5}","n":"http://a/n","s":1772368216000,"b":[{"i":"03","o":"confirm","u":"http://s/3","c":1772368215127}]}
            """;
        var state = Decode(Definition, Progress, Amendment);
        Assert.Equal(3, state.Branches.Length);
        // A submit does not change these.
        Assert.Equal(("http://a/q", "g-1"), (state.Definition.QueryPrepared, state.Definition.Gid));
        Assert.Equal(
            (true, At.AddSeconds(1)), (state.Definition.Options.RetryIntervalNamed, state.Definition.Submitted));
        Assert.Equal(
            Amendment, Text(TransactionCodec.EncodeAmendment(state.Definition, state.Branches.AsSpan()[2..], null)));

        // The amendment contains all values: missing ones are removed.
        var emptied = Decode(Definition, Progress, """{"o":{"r":1}}""", Appended);
        Assert.Empty(emptied.Definition.BranchHeaders);
        Assert.Equal(("", null), (emptied.Definition.CustomData, emptied.Definition.Submitted));
    }

    [Fact]
    public void FrozenFormatOfAPolicy_IsReadAndWrittenAndRefusedByEarlierVersions()
    {
        const string Extended =
            """2{"g":"g-1","t":1,"c":1772368215123,"o":{"r":10000,"m":600000,"q":3000,"a":3,"t":4000},"b":[{"i":"01","o":"action","u":"http://s/1","c":1772368215125,"x":{"l":0,"r":2000,"b":2,"m":3000,"q":5000,"f":6000,"h":{"X":"1"},"a":7,"t":8000}}]}""";
        const string Waiting =
            """{"b":[{"s":1,"t":true,"n":1,"f":1,"d":1772368216000,"c":2,"g":1772368217000,"p":true}]}""";
        var state = Decode(Extended, Waiting);
        var policy = state.Branches[0].Definition.Policy!;
        Assert.Equal(
            (0, 2.0, RetryBackoff.Constant, 3.0, 5.0, 6.0, 7, 8.0),
            (policy.RetryLimit, policy.RetryInterval?.TotalSeconds, policy.Backoff,
                policy.RetryIntervalMax?.TotalSeconds, policy.RequestTimeout?.TotalSeconds,
                policy.TimeoutToFail?.TotalSeconds, policy.GiveUpAfter, policy.GiveUpAfterTime?.TotalSeconds));
        Assert.Equal("1", policy.Headers!["X"]);
        Assert.Equal(
            (3, 4.0), (state.Definition.Options.GiveUpAfter, state.Definition.Options.GiveUpAfterTime.TotalSeconds));
        Assert.Equal(
            (At.AddSeconds(1), 2, At.AddSeconds(2), true),
            (state.Branches[0].FailAt, state.Branches[0].RetryCount, state.Branches[0].GiveUpAt,
                state.Branches[0].Parked));
        Assert.Equal(Extended, Text(TransactionCodec.EncodeDefinition(state.Definition, state.Branches.AsSpan())));
        Assert.Equal(Waiting, Text(TransactionCodec.EncodeProgress(state)));

        // Earlier versions deserialize all bytes of a body.
        Assert.ThrowsAny<JsonException>(() => JsonSerializer.Deserialize<JsonElement>(Extended));
        var amendment = TransactionCodec.EncodeAmendment(state.Definition, [], null);
        Assert.StartsWith("2{", Text(amendment), StringComparison.Ordinal);
        Assert.Equal(3, Decode(Definition, Progress, Text(amendment), Appended).Definition.Options.GiveUpAfter);
    }

    [Fact]
    public void FrozenFormatOfResults_IsReadAndWrittenAndRefusedByEarlierVersions()
    {
        const string Keeps =
            """2{"g":"g-1","t":1,"c":1772368215123,"o":{"r":10000,"m":600000,"q":3000,"x":10},"b":[{"i":"01","o":"action","u":"http://s/1","c":1772368215125},{"i":"02","o":"action","u":"http://s/2","c":1772368215125}]}""";
        const string Added = """4{"rs":{"0":{"d":"AP8="},"1":{"m":"too long"}}}""";
        var without = Decode(Keeps, """{"b":[{"s":1},{"s":1}]}""");
        Assert.Equal((10, null), (without.Definition.Options.ResultBytesMax, without.Branches[0].Result));
        var state = Decode(Keeps, """{"b":[{"s":2},{"s":2}]}""", Added);
        Assert.Equal([0, 255], state.Branches[0].Result!.Body.ToArray());
        Assert.Equal((0, "too long"), (state.Branches[1].Result!.Body.Length, state.Branches[1].Result!.Omitted));
        Assert.Equal(Added, Text(TransactionCodec.EncodeResults(TransactionCodec.AddedResults(without, state)!, [])));
        Assert.Equal(Keeps, Text(TransactionCodec.EncodeDefinition(without.Definition, without.Branches.AsSpan())));
        Assert.Null(TransactionCodec.AddedResults(state, state with { RetryCount = 1 })); // Each is written once.

        // Earlier versions read a later body as options, unless it is not JSON for them.
        Assert.ThrowsAny<JsonException>(() => JsonSerializer.Deserialize<JsonElement>(Added));
    }

    [Fact]
    public void FrozenFormatOfANamespace_IsReadAndWrittenAndRefusedByEarlierVersions()
    {
        const string Namespaced =
            """3{"g":"\u001Fshop:g-1","t":1,"c":1772368215123,"o":{"r":10000,"m":600000,"q":3000,"a":3}}""";
        var state = Decode(Namespaced, "{}");
        Assert.Equal(Namespaces.Qualify("shop", "g-1"), state.Definition.Gid);
        Assert.Equal(Namespaced, Text(TransactionCodec.EncodeDefinition(state.Definition, [])));

        // Earlier versions skip a 2 only: they would call services with the stored gid.
        Assert.ThrowsAny<JsonException>(() => JsonSerializer.Deserialize<JsonElement>(Namespaced));
    }

    [Fact]
    public void Defaults_AreNotWritten()
    {
        var state = StoredSamples.Plain("g") with { Branches = [] };
        Assert.Equal("{}", Text(TransactionCodec.EncodeProgress(state)));
        Assert.Equal(
            """{"g":"g","t":1,"c":1772368215123,"o":{"r":10000,"m":600000,"q":3000}}""",
            Text(TransactionCodec.EncodeDefinition(state.Definition, [])));
    }

    [Fact]
    public void MembersOfALaterVersion_AreIgnored()
    {
        var state = Decode("""{"g":"g","t":1,"c":5,"zz":{"a":[1]},"o":{"zz":1}}""", """{"zz":[1]}""");
        Assert.Equal("g", state.Definition.Gid);
    }

    [Fact]
    public void Finer_ThanWhatIsKept_IsCutOff()
    {
        var plain = StoredSamples.Plain("g");
        var state = plain with
        {
            WakeAt = At.AddTicks(9_999),
            Branches = [plain.Branches[0] with
            {
                History = [new Attempt(At, TimeSpan.FromTicks(19), OutcomeKind.Succeeded, null)],
            }],
        };
        var read = Decode(
            Text(TransactionCodec.EncodeDefinition(state.Definition, state.Branches.AsSpan())),
            Text(TransactionCodec.EncodeProgress(state)));
        Assert.Equal(At, read.WakeAt);
        Assert.Equal(TimeSpan.FromTicks(10), read.Branches[0].History[0].Duration);
    }

    [Fact]
    public void Callback_WithoutItsDefinition_IsRefused()
    {
        var state = StoredSamples.Plain("g") with
        {
            Query = new BranchOp { Definition = StoredSamples.Call("00", "msg") },
        };
        Assert.Throws<ArgumentException>(() => TransactionCodec.EncodeProgress(state));
    }

    [Fact]
    public void HugePayload_DoesNotSpoilTheNextOne()
    {
        var small = new BranchOp { Definition = new BranchOpDefinition("01", "action", "u", new byte[3], At) };
        var huge = small with { Definition = small.Definition with { Payload = new byte[3_000_000] } };
        var before = Text(TransactionCodec.EncodeAppended([small]));
        Assert.Equal(before.Length - 4 + 4_000_000, TransactionCodec.EncodeAppended([huge]).Length);
        Assert.Equal(before, Text(TransactionCodec.EncodeAppended([small])));
    }

    /// <summary>
    /// Every member of this sample has a value, and the round trip compares them all, so that a new member of the core
    /// cannot be forgotten.
    /// </summary>
    [Fact]
    public void Sample_LeavesNothingAtItsDefault()
    {
        var rich = StoredSamples.Rich("g");
        var plain = StoredSamples.Plain("h");
        AssertAllDiffer(rich, plain, nameof(Transaction.Version));
        AssertAllDiffer(
            rich.Definition,
            plain.Definition,
            nameof(TransactionDefinition.Created),
            nameof(TransactionDefinition.Prepared)); // Not stored twice: it is read from the body of the prepare.
        AssertAllDiffer(rich.Definition.Options, plain.Definition.Options);
        AssertAllDiffer(rich.Branches[0], plain.Branches[0]);
        AssertAllDiffer(rich.Branches[0].Definition, new BranchOpDefinition("", "", "", default, default));
        AssertAllDiffer(rich.Branches[0].History[0], default(Attempt));
    }

    private static void AssertAllDiffer<T>(T rich, T plain, params string[] except)
    {
        foreach (var property in typeof(T).GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            if (property.CanWrite && !except.Contains(property.Name))
            {
                var differs = !Equals(property.GetValue(rich), property.GetValue(plain));
                Assert.True(differs, $"{typeof(T).Name}.{property.Name} is not set in the sample.");
            }
        }
    }

    private static Transaction Expected() => new()
    {
        Definition = new TransactionDefinition
        {
            Gid = "g-1",
            Type = TransactionType.Msg,
            Created = At.AddMilliseconds(123),
            Protocol = "grpc",
            QueryPrepared = "http://a/q",
            Query = new BranchOpDefinition(
                "00", "msg", "http://a/q", new byte[] { 1, 0, 255 }, At.AddMilliseconds(124)),
            CustomData = "日本 😀 <&>",
            Options = new TransactionOptions
            {
                TimeoutToFail = TimeSpan.FromSeconds(35),
                RetryInterval = TimeSpan.FromMilliseconds(1),
                RetryIntervalMax = TimeSpan.FromMinutes(10),
                RequestTimeout = TimeSpan.FromMilliseconds(3001),
                RetryLimit = 7,
                Concurrent = true,
                WaitResult = true,
                Delay = TimeSpan.FromSeconds(5),
                Orders = ImmutableDictionary<int, ImmutableArray<int>>.Empty.Add(2, [0, 1]),
            },
            BranchHeaders = ImmutableDictionary<string, string>.Empty.Add("A", "1").Add("a", ""),
        },
        Branches = ExpectedBranches(),
        Status = TransactionStatus.Submitted,
        Query = new BranchOp
        {
            Definition = new BranchOpDefinition(
                "00", "msg", "http://a/q", new byte[] { 1, 0, 255 }, At.AddMilliseconds(124)),
            Status = BranchStatus.Failed,
            Started = true,
            Attempts = 1,
        },
        RollbackReason = "why",
        Result = "{}",
        RetryCount = 3,
        Updated = At,
        WakeAt = At.AddSeconds(3),
        LeaseUntil = At.AddSeconds(4),
        Version = 4,
    };

    private static ImmutableArray<BranchOp> ExpectedBranches() =>
    [
        new BranchOp
        {
            Definition = new BranchOpDefinition(
                "01", "action", "http://s/1", "{\"a\":1}"u8.ToArray(), At.AddMilliseconds(125)),
            Status = BranchStatus.Succeed,
            Started = true,
            Attempts = 2,
            Finished = At.AddSeconds(1),
            LastError = "timeout",
            History =
            [
                new Attempt(
                    At.AddMilliseconds(500), TimeSpan.FromMicroseconds(1_234_567), OutcomeKind.Unknown, "timeout"),
                new Attempt(At.AddSeconds(1), TimeSpan.FromMicroseconds(950), OutcomeKind.Succeeded, null),
            ],
        },
        new BranchOp
        {
            Definition = new BranchOpDefinition("02", "action", "", default, At.AddMilliseconds(126)),
            Started = true,
            InFlight = true,
            Failures = 3,
            RetryAt = At.AddSeconds(2),
        },
        new BranchOp
        {
            Definition = new BranchOpDefinition("03", "confirm", "http://s/3", default, At.AddMilliseconds(127)),
        },
    ];

    private static Transaction Decode(string definition, string progress, params string[] appended)
    {
        byte[][] bodies = [Encoding.UTF8.GetBytes(definition), .. appended.Select(Encoding.UTF8.GetBytes)];
        var row = new EncodedTransaction(
            "submitted", 4, At.ToUnixTimeMilliseconds(), null, Encoding.UTF8.GetBytes(progress), bodies);
        return TransactionCodec.Decode(row);
    }

    private static string Text(byte[] body) => Encoding.UTF8.GetString(body);
}
