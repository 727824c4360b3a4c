using System.Security.Cryptography.X509Certificates;
using Grpc.Net.Client;
using OrleansDtm.Tests.Support.Grpc;
using OrleansDtm.Tests.Support.Wire;
using Xunit;
using DtmClient = OrleansDtm.Protocol.Wire.Dtm.DtmClient;

namespace OrleansDtm.WireTests.Grpc;

/// <summary>TLS on both sides: the coordinator's port and the branches.</summary>
public sealed class GrpcTlsTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_coordinator_with_a_certificate_calls_a_branch_whose_certificate_it_trusts()
    {
        using var certificate = SelfSigned.Create();
        var folder = Directory.CreateTempSubdirectory("orleans-dtm-tls-");
        try
        {
            var (pem, key) = (Path.Combine(folder.FullName, "cert.pem"), Path.Combine(folder.FullName, "key.pem"));
            await File.WriteAllTextAsync(pem, certificate.ExportCertificatePem(), Cancel);
            await File.WriteAllTextAsync(key, certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem(), Cancel);
            await using var busi = await GrpcParticipant.Start(certificate);
            await using var server = await ServerProcess.Start(
                Cancel, ("SSL_CERT_FILE", pem), ("Grpc__TlsCertificate", pem), ("Grpc__TlsKey", key));
            using var handler = new SocketsHttpHandler();
            handler.SslOptions.RemoteCertificateValidationCallback = (_, presented, _, _) =>
                presented!.GetCertHashString() == certificate.GetCertHashString();
            using var channel = GrpcChannel.ForAddress(
                server.GrpcUrl.Replace("http://", "https://", StringComparison.Ordinal),
                new GrpcChannelOptions { HttpHandler = handler });
            var saga = GrpcDtm.Waiting(GrpcDtm.Saga(GrpcDtm.NewGid(), busi));
            saga.Steps = saga.Steps.Replace(busi.Host, "grpcs://" + busi.Host, StringComparison.Ordinal);

            await new DtmClient(channel).SubmitAsync(saga, cancellationToken: Cancel);

            Assert.Equal(2, busi.Calls.Count);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("--Grpc:TlsCertificate=/nowhere.pem", "Grpc:TlsKey")]
    [InlineData("--Grpc:TlsCertificate=/nowhere.pem --Grpc:TlsKey=/nowhere.key", "/nowhere.pem")]
    [InlineData("--Grpc:StreamsPerConnectionMax=0", "Grpc:StreamsPerConnectionMax")]
    public void Settings_that_cannot_be_used_are_named(string settings, string word)
    {
        var e = Assert.Throws<Server.Configuration.SettingsException>(
            () => Server.CoordinatorApp.Build(settings.Split(' ')));
        Assert.Contains(word, e.Message, StringComparison.Ordinal);
    }
}
