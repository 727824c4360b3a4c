using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using OrleansDtm.Client.Grpc;
using Xunit;

namespace OrleansDtm.Client.Tests;

/// <summary>A coordinator that requires an API key, over both protocols.</summary>
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
        var admin = await Assert.ThrowsAsync<DtmInvalidRequestException>(
            () => with.Dtm().ForceStopAsync("nobody", Cancel));
        Assert.Contains("the role admin is needed", admin.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_passes_with_time_is_unavailable_and_what_stays_too_large_is_invalid(bool grpc)
    {
        await using var often = Client(grpc, Secured.Slow);
        await using var much = Client(grpc, Secured.Small);

        var late = await Assert.ThrowsAsync<DtmUnavailableException>(async () =>
        {
            while (true)
            {
                await often.Dtm().NewGidAsync(Cancel);
            }
        });
        Assert.Contains("request rate", late.Reason, StringComparison.Ordinal);
        foreach (var interval in (double[])[1, 1.5]) // Over gRPC, each of the two uses another method.
        {
            var saga = much.Dtm().Saga(new SagaOptions { RetryInterval = TimeSpan.FromSeconds(interval) }).Step(
                "", "", new string('x', 5000));
            Assert.Equal(saga.Gid,
                (await Assert.ThrowsAsync<DtmInvalidRequestException>(() => saga.SubmitAsync(Cancel))).Gid);
        }
    }

    private ServiceProvider Client(bool grpc, string? key) => Clients.Of(
        grpc ? new Uri("http://127.0.0.1:1") : secured.Url,
        options => options.ApiKey = key,
        services => _ = grpc ? services.AddDtmGrpcClient(options => options.Server = secured.GrpcUrl) : services);

    /// <summary>
    /// Has three keys that may submit: one without limits, one with a rate limit, one with a size limit.
    /// </summary>
    public sealed class Secured() : CoordinatorProcess(
        ("ORLEANSDTM_Security__Keys__0", $"shop submit {Hash(Key)}"),
        ("ORLEANSDTM_Security__Keys__1", $"slow submit {Hash(Slow)} rate=1"),
        ("ORLEANSDTM_Security__Keys__2", $"small submit {Hash(Small)} bytes=1000"))
    {
        public const string Key = "odtm_for-tests-only-0123456789-0123456789-0123456789";
        public const string Slow = "odtm_for-tests-only-slow-456789-0123456789-0123456789";
        public const string Small = "odtm_for-tests-only-small-56789-0123456789-0123456789";

        private static string Hash(string key) =>
            $"sha256:{Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(key))).ToLowerInvariant()}";
    }
}
