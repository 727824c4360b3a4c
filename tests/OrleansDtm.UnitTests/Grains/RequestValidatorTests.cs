using OrleansDtm.Core;
using OrleansDtm.Grains;
using OrleansDtm.Grains.Service;
using OrleansDtm.Protocol;
using Xunit;

namespace OrleansDtm.UnitTests.Grains;

/// <summary>Defaults that depend on each other. The wire tests use shorter ones.</summary>
public sealed class RequestValidatorTests
{
    [Theory]
    [InlineData(null, null, 10)]
    [InlineData(2.0, null, 2)]
    [InlineData(60.0, null, 10)]
    [InlineData(2.0, 7.0, 7)]
    public void A_timeout_below_the_default_retry_interval_is_the_retry_interval(
        double? timeoutToFail, double? retryInterval, int seconds)
    {
        var request = new TransactionRequest
        {
            Gid = "g",
            TransType = "saga",
            TimeoutToFail = timeoutToFail,
            RetryInterval = retryInterval,
        };

        var options = new RequestValidator(new RequestOptions())
            .Submission(request, "", prepare: false, DateTimeOffset.UnixEpoch).Definition.Options;

        Assert.Equal(TimeSpan.FromSeconds(seconds), options.RetryInterval);
        Assert.Equal(retryInterval is not null, options.RetryIntervalNamed);
    }

    [Fact]
    public void What_is_created_is_created_at_the_present_millisecond()
    {
        var now = DateTimeOffset.UnixEpoch.AddTicks(12_345);

        var submission = new RequestValidator(new RequestOptions())
            .Submission(new TransactionRequest { Gid = "g", TransType = "saga" }, "", prepare: false, now);

        Assert.Equal(DateTimeOffset.UnixEpoch.AddMilliseconds(1), submission.Definition.Created);
        Assert.Equal(TransactionType.Saga, submission.Definition.Type);
    }
}
