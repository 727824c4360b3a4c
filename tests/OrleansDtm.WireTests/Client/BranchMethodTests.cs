using System.Text.Json;
using OrleansDtm.Abstractions;
using OrleansDtm.Branches;
using OrleansDtm.Core;
using OrleansDtm.Grains.Calls;
using Xunit;

namespace OrleansDtm.WireTests.Client;

/// <summary>Methods of all shapes: their arguments, and the outcomes of their results.</summary>
public sealed class BranchMethodTests
{
    private static readonly BranchContext Context = new() { Gid = "g1", BranchId = "01", Op = "action", Type = "saga" };
    private static readonly byte[] Json = """{"amount":30,"currency":"EUR"}"""u8.ToArray();

    private readonly Shapes _grain = new();

    [Theory]
    [InlineData(nameof(IShapesGrain.Nothing), "nothing")]
    [InlineData(nameof(IShapesGrain.OnlyPayload), "30 EUR")]
    [InlineData(nameof(IShapesGrain.OnlyContext), "g1")]
    [InlineData(nameof(IShapesGrain.Everything), "30 g1 token")]
    [InlineData(nameof(IShapesGrain.Bytes), "30 bytes")]
    [InlineData(nameof(IShapesGrain.Memory), "30 bytes")]
    [InlineData(nameof(IShapesGrain.Answers), "answers")]
    [InlineData(nameof(IShapesGrain.Quick), "quick")]
    [InlineData(nameof(IShapesGrain.QuickAnswers), "quick answers")]
    [InlineData(nameof(IShapesBase.Inherited), "inherited")]
    public async Task A_method_gets_what_it_asks_for_and_returning_is_success(string method, string seen)
    {
        using var cancel = new CancellationTokenSource();
        Assert.Equal(BranchResult.Done, await Call(method, Json, cancel.Token));
        Assert.Equal(seen, _grain.Seen);
    }

    [Fact]
    public async Task What_it_returns_or_throws_is_an_outcome()
    {
        Assert.Equal(BranchResult.Failed("frozen"), await Result(BranchResult.Failed("frozen")));
        Assert.Equal(BranchResult.Ongoing("soon"), await Result(BranchResult.Ongoing("soon")));
        Assert.Equal(BranchOutcome.Unknown, (await Result(null!)).Outcome);
        Assert.Equal(BranchOutcome.Unknown, (await Result(new BranchResult { Outcome = BranchOutcome.None })).Outcome);
        Assert.Equal(BranchResult.Failed("frozen"), await Thrown(new BranchFailureException("frozen")));
        Assert.Equal(BranchResult.Ongoing("soon"), await Thrown(new BranchOngoingException("soon")));
        Assert.Equal(
            new BranchResult { Outcome = BranchOutcome.Unknown, Reason = "IOException: disk full" }, await Thrown(
                new IOException("disk full")));
        Assert.Equal(BranchOutcome.Unknown, (await Thrown(new OperationCanceledException())).Outcome);
    }

    [Theory]
    [InlineData("", "the payload is empty, a Money in JSON is needed")]
    [InlineData("{\"amount\":\"much\"}", "the payload is not the JSON of a Money")]
    [InlineData("[", "the payload is not the JSON of a Money")]
    public async Task A_payload_that_cannot_be_read_is_told_to_whoever_looks(string payload, string words)
    {
        var result = await Call(
            nameof(IShapesGrain.OnlyPayload),
            System.Text.Encoding.UTF8.GetBytes(payload),
            TestContext.Current.CancellationToken);
        Assert.Equal(BranchOutcome.Unknown, result.Outcome);
        Assert.StartsWith(words, result.Reason, StringComparison.Ordinal);
        Assert.Null(_grain.Seen);
    }

    [Fact]
    public void A_coordinator_judges_it_as_any_service_and_a_notice_by_its_delivery()
    {
        var (failed, ongoing) = (BranchResult.Failed("no"), BranchResult.Ongoing("wait"));
        Assert.Equal(Outcome.Succeeded, GrainBranchInvoker.Judge(BranchResult.Done, isNotice: false));
        Assert.Equal(Outcome.Failed("no"), GrainBranchInvoker.Judge(failed, isNotice: false));
        Assert.Equal(Outcome.Ongoing("wait"), GrainBranchInvoker.Judge(ongoing, isNotice: false));
        Assert.Equal(Outcome.Succeeded, GrainBranchInvoker.Judge(BranchResult.Done, isNotice: true));
        Assert.Equal(Outcome.Unknown("no"), GrainBranchInvoker.Judge(failed, isNotice: true));
        Assert.Equal(Outcome.Unknown("wait"), GrainBranchInvoker.Judge(ongoing, isNotice: true));
    }

    [Fact]
    public void What_cannot_be_called_by_URL_cannot_be_registered()
    {
        Refused<IShapesGrain>("overloaded", only: null);
        Refused<IShapesGrain>("has no TooMuch", [nameof(IShapesGrain.TooMuch)]);
        Refused<IShapesGrain>("has no Misspelt", ["Misspelt"]);
        Refused<IShapesGrain>("cannot be the name", [nameof(IShapesGrain.Nothing)], "a/b");
        Refused<IGrainWithStringKey>("has no method that can be a branch", only: null);
        Refused<ICompoundGrain>("IGrainWithStringKey", only: null);
        Refused<Shapes>("is not a plain grain interface", only: null);
    }

    [Theory]
    [InlineData("grain://Account/A/Deposit", "grain://Account")]
    [InlineData("http://Account/A", "account")]
    public void Each_grain_type_has_its_own_bulkhead(string url, string service) =>
        Assert.Equal(service, GrainBranchCaller.ServiceOf(url));

    private static void Refused<T>(string words, string[]? only, string name = "Shapes")
    {
        var error = Assert.Throws<ArgumentException>(
            () => new RegisteredGrain(typeof(T), name, only, JsonSerializerOptions.Web));
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }

    private Task<BranchResult> Call(string method, byte[] payload, CancellationToken cancellationToken) =>
        new RegisteredGrain(typeof(IShapesGrain), "Shapes", [method], JsonSerializerOptions.Web)
            .Find(method)!.Call(_grain, payload, Context, cancellationToken);

    private Task<BranchResult> Result(BranchResult result)
    {
        _grain.Judge = () => result;
        return Call(nameof(IShapesGrain.Judged), [], TestContext.Current.CancellationToken);
    }

    private Task<BranchResult> Thrown(Exception thrown)
    {
        _grain.Judge = () => throw thrown;
        return Call(nameof(IShapesGrain.Judged), [], TestContext.Current.CancellationToken);
    }

    public interface ICompoundGrain : IGrainWithGuidCompoundKey
    {
        Task Call();
    }

    public interface IShapesBase : IGrainWithStringKey
    {
        Task Inherited();
    }

    public interface IShapesGrain : IShapesBase
    {
        Task Nothing();

        Task OnlyPayload(Money money);

        Task OnlyContext(BranchContext context);

        Task Everything(Money money, BranchContext context, CancellationToken cancellationToken);

        Task Bytes(byte[] payload);

        Task Memory(ReadOnlyMemory<byte> payload);

        Task<string> Answers();

        ValueTask Quick();

        ValueTask<int> QuickAnswers();

        Task<BranchResult> Judged();

        Task TooMuch(Money money, Money more);

        Task Overloaded();

        Task Overloaded(Money money);
    }

    private sealed class Shapes : IShapesGrain
    {
        public string? Seen { get; private set; }

        public Func<BranchResult> Judge { get; set; } = static () => BranchResult.Done;

        public Task Inherited() => See("inherited");

        public Task Nothing() => See("nothing");

        public Task OnlyPayload(Money money) => See($"{money.Amount} {money.Currency}");

        public Task OnlyContext(BranchContext context) => See(context.Gid);

        public Task Everything(Money money, BranchContext context, CancellationToken cancellationToken) =>
            See($"{money.Amount} {context.Gid} {(cancellationToken.CanBeCanceled ? "token" : "")}");

        public Task Bytes(byte[] payload) => See($"{payload.Length} bytes");

        public Task Memory(ReadOnlyMemory<byte> payload) => See($"{payload.Length} bytes");

        public Task<string> Answers()
        {
            See("answers");
            return Task.FromResult("FAILURE"); // Only a BranchResult is interpreted.
        }

        public ValueTask Quick() => new(See("quick"));

        public ValueTask<int> QuickAnswers()
        {
            See("quick answers");
            return new ValueTask<int>(7);
        }

        public async Task<BranchResult> Judged()
        {
            await Task.Yield();
            return Judge();
        }

        public Task TooMuch(Money money, Money more) => throw new NotSupportedException();

        public Task Overloaded() => throw new NotSupportedException();

        public Task Overloaded(Money money) => throw new NotSupportedException();

        private Task See(string seen)
        {
            Seen = seen;
            return Task.CompletedTask;
        }
    }
}
