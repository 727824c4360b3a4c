using OrleansDtm.Core;
using Xunit;

namespace OrleansDtm.UnitTests.Core;

/// <summary>Names of namespaces, and the stored form of their gids.</summary>
public sealed class NamespacesTests
{
    [Theory]
    [InlineData("shop", true)]
    [InlineData("0", true)]
    [InlineData("a-b-9", true)]
    [InlineData("abcdefghijklmnopqrstuvwxyz012345", true)]
    [InlineData("abcdefghijklmnopqrstuvwxyz0123456", false)]
    [InlineData("", false)]
    [InlineData("-a", false)]
    [InlineData("Shop", false)]
    [InlineData("shop:1", false)]
    [InlineData("shop\u001f", false)]
    [InlineData("é", false)]
    [InlineData("*", false)]
    public void A_name_has_lower_case_letters_digits_and_hyphens(string name, bool expected) =>
        Assert.Equal(expected, Namespaces.IsName(name));

    [Theory]
    [InlineData("", "g")]
    [InlineData("", "shop:g")]
    [InlineData("shop", "g")]
    [InlineData("shop", "crm:g")]
    [InlineData("shop", "")]
    public void The_stored_form_has_both_parts(string space, string text)
    {
        var stored = Namespaces.Qualify(space, text);
        Assert.Equal((space, text), (Namespaces.Of(stored), Namespaces.Plain(stored)));
        Assert.Equal(text.Length + Namespaces.Added(space), stored.Length);
        Assert.True(Namespaces.Contains(null, stored));
        Assert.True(Namespaces.Contains(space, stored));
        Assert.False(Namespaces.Contains("other", stored));
        Assert.Equal(space.Length == 0, Namespaces.Contains("", stored));
        Assert.False(Namespaces.Contains("sho", stored));
        Assert.False(Namespaces.Contains("shop2", stored));
    }

    [Fact]
    public void The_other_namespaces_are_a_range_before_every_gid_of_the_default_one()
    {
        string[] sorted = [Namespaces.Qualify("a", "z"), Namespaces.Qualify("z", ""), " ", "!", "a", "\u65e5"];
        Assert.Equal(sorted, sorted.Order(StringComparer.Ordinal));
        Assert.All(sorted[..2], static text => Assert.True(text[0] == Namespaces.Mark));
        Assert.All(sorted[2..], static text => Assert.True(text[0] >= Namespaces.AfterMark));
    }
}
