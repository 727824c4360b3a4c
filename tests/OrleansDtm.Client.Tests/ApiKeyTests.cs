using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using OrleansDtm.Client.Grpc;
using Xunit;

namespace OrleansDtm.Client.Tests;

/// <summary>A coordinator that asks for a key, over both protocols.</summary>
public sealed class ApiKeyTests(ApiKeyTests.Secured secured) : IClassFixture<ApiKeyTests.Secured>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task With_the_key_it_answers_and_without_it_says_what_is_missing(bool grpc)
    {
        await using var with = Client(grpc, Secured.Key);
        await using var without = Client(grpc, null);
        await using var wrong = Client(grpc, Secured.Key + "x");

        Assert.NotEmpty(await with.Dtm().NewGidAsync(Cancel));
        var refused = await Assert.ThrowsAsync<DtmInvalidRequestException>(() => without.Dtm().NewGidAsync(Cancel));
        Assert.Contains("Authorization: Bearer", refused.Reason, StringComparison.Ordinal);
        var unknown = await Assert.ThrowsAsync<DtmInvalidRequestException>(() => wrong.Dtm().NewGidAsync(Cancel));
        Assert.DoesNotContain(Secured.Key, unknown.ToString(), StringComparison.Ordinal);
        var admin = await Assert.ThrowsAsync<DtmInvalidRequestException>(() => with.Dtm().ForceStopAsync("nobody", Cancel));
        Assert.Contains("the role admin is needed", admin.Reason, StringComparison.Ordinal);
    }

    private ServiceProvider Client(bool grpc, string? key) => Clients.Of(
        secured.Url,
        options => options.ApiKey = key,
        services => _ = grpc ? services.AddOrleansDtmGrpc(options => options.Server = secured.GrpcUrl) : services);

    /// <summary>Knows one key, which may submit.</summary>
    public sealed class Secured() : CoordinatorInProcess(
        $"--Security:Keys:0=shop submit sha256:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Key)))}")
    {
        public const string Key = "odtm_for-tests-only-0123456789-0123456789-0123456789";
    }
}
