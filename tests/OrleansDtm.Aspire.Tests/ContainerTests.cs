using OrleansDtm.Testcontainers;
using Xunit;

namespace OrleansDtm.Aspire.Tests;

/// <summary>The module of Testcontainers, without a container engine.</summary>
public sealed class ContainerTests
{
    private static OrleansDtmBuilder Builder() =>
        new OrleansDtmBuilder("orleansdtm:0.1.0").WithDockerEndpoint("tcp://127.0.0.1:1");

    [Fact]
    public async Task A_container_has_the_image_and_no_key()
    {
        await using var dtm = Builder().Build();

        Assert.Equal("orleansdtm:0.1.0", dtm.Image.FullName);
        Assert.Null(dtm.Key);
    }

    [Fact]
    public async Task A_key_is_the_container_s_and_the_caller_s()
    {
        var key = new string('k', 43);
        await using var dtm = Builder().WithKey(key).Build();

        Assert.Equal(key, dtm.Key);
    }

    [Fact]
    public void The_coordinator_reaches_the_test_s_services_under_the_name_of_this_machine() =>
        Assert.Equal(new Uri("http://host.docker.internal:5080"), OrleansDtmContainer.HostUrl(5080));
}
