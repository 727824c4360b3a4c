using Xunit;

namespace OrleansDtm.Client.Tests;

public sealed class BranchContextTests
{
    [Fact]
    public void It_is_read_from_the_names_DTM_uses()
    {
        var call = Values(("gid", "g"), ("trans_type", "xa"), ("branch_id", "01"), ("op", "action"), ("phase2_url", "http://bank/xa"));

        Assert.Equal(new BranchContext("xa", "g", "01", "action") { Phase2Url = "http://bank/xa" }, BranchContext.Read(call));
    }

    [Theory]
    [InlineData("gid")]
    [InlineData("trans_type")]
    [InlineData("branch_id")]
    [InlineData("op")]
    public void A_call_without_identity_is_no_call_of_a_coordinator(string missing)
    {
        var call = Values(("gid", "g"), ("trans_type", "saga"), ("branch_id", "01"), ("op", "action"));

        Assert.False(BranchContext.TryRead(name => name == missing ? "" : call(name), out _));
        Assert.Throws<FormatException>(() => BranchContext.Read(name => name == missing ? null : call(name)));
    }

    [Fact]
    public void Barriers_of_a_call_are_counted_from_01_in_each_repetition()
    {
        var first = new BranchContext("saga", "g", "01", "action");
        Assert.Equal(["01", "02"], [first.NextBarrierId(), first.NextBarrierId()]);

        var repeated = new BranchContext("saga", "g", "01", "action");
        Assert.Equal(first, repeated);
        Assert.Equal(first.GetHashCode(), repeated.GetHashCode());
        Assert.Equal("01", repeated.NextBarrierId());
    }

    [Fact]
    public async Task A_number_that_is_given_back_is_the_next_and_the_others_keep_theirs()
    {
        var context = new BranchContext("saga", "g", "01", "action");
        var (first, second) = (await Take(), await Take()); // Beside each other.
        Assert.Equal(("01", "02"), (first.Id, second.Id));

        first.GiveBack();
        Assert.Equal("01", context.NextBarrierId());
        first.GiveBack(); // It is another's by now.

        Assert.Equal(["03", "04", "04"], [context.NextBarrierId(), (context with { Phase2Url = "http://bank" }).NextBarrierId(), context.NextBarrierId()]);

        async Task<BarrierNumber> Take()
        {
            await Task.Yield();
            return context.TakeBarrier();
        }
    }

    [Fact]
    public void A_message_has_one_barrier()
    {
        var message = new BranchContext("msg", "g", "00", "msg");
        Assert.Equal(["01", "01"], [message.NextBarrierId(), message.NextBarrierId()]);
        Assert.Throws<ArgumentException>(() => new BranchBarrier(message).Named("02"));
        Assert.Throws<ArgumentException>(() => new BranchBarrier(new BranchContext("saga", "g", "01", "action")).Named(new string('x', 46)));
    }

    [Theory]
    [InlineData("action,compensate")]
    [InlineData("COMPENSATE")]
    [InlineData("undo")]
    public void A_barrier_guards_no_op_that_it_does_not_know(string op) => Assert.Contains(
        "no op", Assert.Throws<ArgumentException>(() => new BranchBarrier(new BranchContext("saga", "g", "01", op))).Message, StringComparison.Ordinal);

    private static Func<string, string?> Values(params (string Name, string Value)[] values) =>
        name => values.FirstOrDefault(value => value.Name == name).Value;
}
