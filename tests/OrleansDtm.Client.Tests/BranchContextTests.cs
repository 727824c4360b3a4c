using Xunit;

namespace OrleansDtm.Client.Tests;

public sealed class BranchContextTests
{
    [Fact]
    public void It_is_read_from_the_names_DTM_uses()
    {
        var call = Values(
            ("gid", "g"),
            ("trans_type", "xa"),
            ("branch_id", "01"),
            ("op", "action"),
            ("phase2_url", "http://bank/xa"));

        Assert.Equal(
            new BranchContext("xa", "g", "01", "action") { Phase2Url = "http://bank/xa" }, BranchContext.Read(call));
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

    [Theory]
    [InlineData("action,compensate")]
    [InlineData("COMPENSATE")]
    [InlineData("undo")]
    public void A_barrier_guards_no_op_that_it_does_not_know(string op) => Assert.Contains(
        "not an op of DTM",
        Assert.Throws<ArgumentException>(() => new BranchBarrier(new BranchContext("saga", "g", "01", op))).Message,
        StringComparison.Ordinal);

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

    private static Func<string, string?> Values(params (string Name, string Value)[] values) =>
        name => values.FirstOrDefault(value => value.Name == name).Value;
}
