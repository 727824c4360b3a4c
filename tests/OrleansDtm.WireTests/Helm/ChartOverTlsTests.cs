using k8s.Models;
using OrleansDtm.WireTests.Security;
using Xunit;

namespace OrleansDtm.WireTests.Helm;

/// <summary>The chart's assumptions about a server with TLS hold.</summary>
public sealed class ChartOverTlsTests(TlsOnlyServer server) : IClassFixture<TlsOnlyServer>
{
    /// <summary>
    /// The script trusts the authority of tls.caKey, and so does the coordinator when it calls itself.
    /// </summary>
    [Fact]
    public async Task The_test_pods_script_brings_its_sagas_to_their_ends()
    {
        var script = (await Manifests.Of("everything")).All<V1Pod>().Single().Spec.Containers.Single();
        Assert.Contains(script.Env, static one => one.Name == "CURL_CA_BUNDLE");
        using var shell = Helm.Start(
            "sh",
            ["-ec", script.Args.Single()],
            ("URL", server.Url.ToString().TrimEnd('/')),
            ("CURL_CA_BUNDLE", server.AuthorityFile));

        var (exit, output, errors) = await Helm.Finish(shell!);

        Assert.True(exit == 0, $"{output}{errors}");
        Assert.Matches("-done: succeed\n.*-undone: failed\n", output);
    }
}

/// <summary>A server with the TLS settings that the chart renders.</summary>
public sealed class TlsOnlyServer : SecuredServer
{
    public string AuthorityFile => Path.Combine(Home, "ca.crt");

    protected override async Task<string[]> Settings()
    {
        using var authority = new Authority();
        authority.Write(Home, "tls");
        await File.WriteAllTextAsync(AuthorityFile, authority.Root.ExportCertificatePem());
        return
        [
            $"--Tls:CertificatePath={Path.Combine(Home, "tls.pem")}", $"--Tls:KeyPath={Path.Combine(Home, "tls.key")}",
            $"--Branches:Tls:CaPath={AuthorityFile}",
        ];
    }
}
