using OrleansDtm.Server.Configuration;
using Xunit;

namespace OrleansDtm.WireTests.Telemetry;

public sealed class TelemetrySettingsTests
{
    [Fact]
    public void They_are_read()
    {
        var options = SettingsLoader.Load(
        [
            "--Telemetry:OtlpEndpoint=https://collector:4318", "--Telemetry:OtlpProtocol=HTTP/protobuf",
            "--Telemetry:TraceRatio=0.25", "--Telemetry:Logs=true", "--Logging:Format=json",
        ]).Telemetry;

        Assert.Equal(
            new TelemetryOptions
            {
                OtlpEndpoint = "https://collector:4318",
                OtlpProtocol = "http/protobuf",
                TraceRatio = 0.25,
                Logs = true,
                LogFormat = "json",
            },
            options);
        Assert.Equal(new TelemetryOptions(), SettingsLoader.Load([]).Telemetry);
    }

    [Theory]
    [InlineData("--Telemetry:OtlpEndpoint=collector:4317", "http://collector:4317")]
    [InlineData("--Telemetry:OtlpProtocol=thrift", "grpc, http/protobuf")]
    [InlineData("--Telemetry:TraceRatio=1.5", "a number from 0 to 1")]
    [InlineData("--Telemetry:TraceRatio=NaN", "a number from 0 to 1")]
    [InlineData("--Telemetry:Logs=yes", "true, false")]
    [InlineData("--Logging:Format=xml", "text, json")]
    [InlineData("--Telemetry:Endpoint=http://a", "unknown setting")]
    public void A_wrong_one_is_refused_with_what_to_write_instead(string setting, string advice) =>
        Assert.Contains(
            advice,
            Assert.Throws<SettingsException>(() => SettingsLoader.Load([setting])).Message,
            StringComparison.Ordinal);
}
