using OrleansDtm.Server.Apis;
using OrleansDtm.Tests.Support;
using Xunit;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace OrleansDtm.WireTests.Helm;

/// <summary>The chart renders the golden manifests, and rejects values of a release that cannot work.</summary>
public sealed class ChartTests
{
    private const string Oidc = "security.allowAnonymous=false,security.oidc.authority=https://a/,"
        + "security.oidc.clientId=dtm,security.oidc.existingSecret=login,security.oidc.roles.dtm-operators=admin";

    private const string Mysql = "store.driver=mysql,store.host=h,store.user=u,store.existingSecret=s";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("default")]
    [InlineData("production")]
    [InlineData("minimal")]
    [InlineData("kind")]
    [InlineData("minikube")]
    public async Task It_renders_the_golden_manifests(string values)
    {
        string[] options = values == "default"
            ? ["--set", Helm.Open]
            : ["--values", RepositoryRoot.File("helm", "values", $"{values}.yaml")];
        var golden = RepositoryRoot.File("tests", "helm", "golden", $"{values}.yaml");

        var rendered = await Helm.Template("orleansdtm", options);

        // If the change is intended, run tests/helm/update-golden.sh and review the difference.
        Assert.Equal(await File.ReadAllTextAsync(golden, Cancel), rendered);
    }

    [Theory]
    [InlineData("default", "StatefulSet")]
    [InlineData("production", "Deployment")]
    [InlineData("minimal", "StatefulSet")]
    [InlineData("kind", "StatefulSet")]
    [InlineData("minikube", "StatefulSet")]
    [InlineData("everything", "Deployment")]
    public async Task Kubernetes_knows_every_field_of_it(string values, string workload)
    {
        var manifests = await Manifests.Of(values);

        Assert.Contains(manifests.Objects, one => one.Kind == workload);
        Assert.All(
            manifests.Objects,
            static one => Assert.StartsWith("bank-orleansdtm", one.Metadata.Name, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("persistence.existingClaim=mine", "claimName: mine")]
    [InlineData("grpc.tlsSecret=tls", "secretName: tls")]
    [InlineData("tls.secret=web", "ORLEANSDTM_Tls__CertificatePath: /etc/orleansdtm/http-tls/tls.crt")]
    [InlineData("tls.secret=web,tls.caKey=ca.crt", "ORLEANSDTM_Branches__Tls__CaPath: /etc/orleansdtm/http-tls/ca.crt")]
    [InlineData(
        "tls.secret=web,serviceMonitor.enabled=true,serviceMonitor.tlsConfig.insecureSkipVerify=true",
        "insecureSkipVerify: true")]
    [InlineData("security.allowAnonymous=false,security.jwt.jwksUri=https://a/keys,security.jwt.issuer=a,"
        + "security.jwt.audience=b", "ORLEANSDTM_Security__Jwt__JwksUri: \"https://a/keys\"")]
    [InlineData(Oidc, "ORLEANSDTM_Security__Oidc__ClientSecretFile: /etc/orleansdtm/oidc/client-secret")]
    [InlineData(Oidc, "secretName: login")]
    [InlineData(Oidc, "ORLEANSDTM_Security__Oidc__Roles: \"dtm-operators admin\"")]
    [InlineData("serviceAccount.create=false,serviceAccount.name=mine", "serviceAccountName: mine")]
    [InlineData("fullnameOverride=dtm", "name: dtm-headless")]
    [InlineData("preStopSeconds=0", "terminationGracePeriodSeconds: 35")]
    [InlineData("service.type=NodePort", "type: NodePort")]
    [InlineData("service.type=NodePort,service.httpNodePort=30789", "nodePort: 30789")]
    [InlineData("persistence.storageClass=fast", "storageClassName: fast")]
    [InlineData(Mysql + ",cluster.mode=AdoNet", "automountServiceAccountToken: false")]
    [InlineData(Mysql + ",cluster.mode=AdoNet", "ORLEANSDTM_Cluster__Mode: \"AdoNet\"")]
    [InlineData(Mysql + ",cluster.tls.secret=silos", "secretName: silos")]
    [InlineData(
        Mysql + ",cluster.tls.secret=silos",
        "ORLEANSDTM_Cluster__Tls__CaPath: /etc/orleansdtm/cluster-tls/ca.crt")]
    [InlineData(
        Mysql + ",cluster.tls.secret=silos", "ORLEANSDTM_Cluster__Tls__ServerName: \"bank-orleansdtm\"")]
    [InlineData(
        Mysql + ",cluster.tls.secret=silos,cluster.tls.serverName=silo.bank",
        "ORLEANSDTM_Cluster__Tls__ServerName: \"silo.bank\"")]
    [InlineData(
        "security.allowAnonymous=false,security.existingSecret=mine,security.keysKey=lines", "secretName: mine")]
    [InlineData(
        "security.allowAnonymous=false,security.existingSecret=mine,security.keysKey=lines",
        "ORLEANSDTM_Security__KeysFile: /etc/orleansdtm/keys/lines")]
    [InlineData("test.keySecret=mine", "secretKeyRef: { name: mine, key: key }")]
    [InlineData("podSecurityContext.runAsUser=null,podSecurityContext.fsGroup=null", "runAsNonRoot: true")]
    public async Task An_option_alone_does_what_it_says(string set, string expected)
    {
        var rendered = await Helm.Template("bank", "--set", $"{Helm.Open},{set}");

        Assert.Contains(expected, rendered, StringComparison.Ordinal);
        Assert.NotEmpty(new Manifests(rendered).Objects);
    }

    [Theory]
    [InlineData("spec: { selektor: { a: b } }")]
    [InlineData("spec: { ports: { port: 1 } }")]
    [InlineData("spec: { publishNotReadyAddresses: \"true\" }")]
    [InlineData("spec: { selector: { a: 1 } }")]
    public void A_field_or_type_Kubernetes_does_not_know_is_found(string spec)
    {
        const string Head = "apiVersion: v1\nkind: Service\nmetadata: { name: a }\n";
        Assert.NotEmpty(new Manifests($"{Head}spec: {{ selector: {{ a: b }} }}\n").Objects);
        Assert.ThrowsAny<YamlException>(() => new Manifests($"{Head}{spec}\n"));
    }

    [Fact]
    public async Task The_readme_names_every_value()
    {
        var values = new YamlStream();
        values.Load(new StringReader(await File.ReadAllTextAsync(Path.Combine(Helm.Chart, "values.yaml"), Cancel)));
        var readme = await File.ReadAllTextAsync(Path.Combine(Helm.Chart, "README.md"), Cancel);

        var names =
            ((YamlMappingNode)values.Documents[0].RootNode).Children.Keys.Select(static key => $"`{key}`").ToList();

        Assert.NotEmpty(names);
        Assert.All(names, name => Assert.Contains(name, readme, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Helm_finds_nothing_to_complain_about()
    {
        var (exit, output, errors) = await Helm.Run("lint", "--strict", Helm.Chart);
        Assert.True(exit == 0, output + errors);
    }

    [Theory]
    [InlineData("replicaCount=2", "2 pods cannot share a SQLite file")]
    [InlineData("replicaCount=0", "0 pods cannot share a SQLite file")]
    [InlineData("autoscaling.enabled=true", "a SQLite file belongs to one pod")]
    [InlineData("cluster.mode=Kubernetes", "needs a database that silos can share")]
    [InlineData("store.host=h", "store.host: SQLite has none")]
    [InlineData("store.driver=mysql", "store.host: the address of the mysql server is missing")]
    [InlineData("store.driver=mysql", "store.user: the database user is missing")]
    [InlineData("store.driver=mysql", "store.existingSecret: name a Secret with the database password")]
    [InlineData("store.driver=postgres,store.connectionStringKey=c", "store.existingSecret: name the Secret")]
    [InlineData(Mysql + ",store.password=p", "remove one of them")]
    [InlineData(
        Mysql + ",autoscaling.enabled=true,autoscaling.minReplicas=9", "must be at least autoscaling.minReplicas")]
    [InlineData(Mysql + ",autoscaling.enabled=true,resources.requests=null", "autoscaling measures against it")]
    [InlineData("config.store:password=p", "is a secret and would be readable")]
    [InlineData("logLevel=info", "security: authentication is not configured")]
    [InlineData(
        "security.allowAnonymous=true,security.existingSecret=s",
        "security.allowAnonymous: keys or tokens are configured too")]
    [InlineData("security.jwt.authority=https://a/", "security.jwt.audience")]
    [InlineData("security.oidc.authority=https://a/", "security.oidc.clientId")]
    [InlineData("security.oidc.authority=http://a/,security.oidc.clientId=a", "authority")]
    [InlineData("security.allowAnonymous=true,security.oidc.clientId=a", "security.oidc.authority: required")]
    [InlineData(
        "security.oidc.authority=https://a/,security.oidc.clientId=a,admin.enabled=false", "which admin.enabled=false")]
    [InlineData("config.Security:Oidc:ClientSecret=p", "is a secret and would be readable")]
    [InlineData("security.jwt.jwksUri=https://a/,security.jwt.audience=a", "security.jwt.issuer")]
    [InlineData("tls.caKey=ca.crt", "tls.secret: name the Secret")]
    [InlineData("cluster.tls.secret=silos", "cluster.tls.secret: a single silo has no peers")]
    [InlineData(Mysql + ",cluster.tls.secret=s,cluster.tls.caKey=", "caKey")]
    [InlineData("config.Cluster:Tls:CaPath=/ca.pem", "has its own value in this chart")]
    [InlineData("config.Tls:ClientCaPath=/ca.pem", "the probes of Kubernetes have no client certificate")]
    [InlineData("config.Tls:CertificatePath=/c.pem", "has its own value in this chart")]
    [InlineData("security.keys={my-key}", "security")]
    [InlineData("security.existingSecret=s,serviceMonitor.enabled=true", "serviceMonitor.keySecret")]
    [InlineData("config.HttpPort=1", "has its own value in this chart")]
    [InlineData("security.allowAnonymous=true,service.httpNodePort=30789", "service.type: only NodePort")]
    [InlineData("ingress.enabled=true", "ingress.hosts: name at least one")]
    [InlineData("replicaCout=2", "replicaCout")]
    [InlineData("store.drivr=mysql", "drivr")]
    [InlineData("store.driver=oracle", "store")]
    [InlineData("logLevel=loud", "logLevel")]
    [InlineData("persistence.accessModes={ReadWriteMany}", "accessModes")]
    [InlineData("cluster.clusterId=-a", "clusterId")]
    [InlineData("image.digest=abc", "digest")]
    public async Task Values_that_cannot_work_are_refused(string set, string expected)
    {
        var (exit, _, errors) = await Helm.Run("template", "bank", Helm.Chart, "--set", set);

        Assert.NotEqual(0, exit);
        Assert.Contains(expected, errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Its_version_is_the_servers()
    {
        var lines = File.ReadAllLines(Path.Combine(Helm.Chart, "Chart.yaml"));
        Assert.Contains($"appVersion: {HttpApi.Version}", lines);
        Assert.Contains($"version: {HttpApi.Version}", lines);
    }

    [Fact]
    public async Task The_image_runs_as_the_user_the_pod_asks_for()
    {
        var user = (await Manifests.Of("default")).Pod.Spec.SecurityContext.RunAsUser;
        Assert.Contains($"USER {user}:{user}", await File.ReadAllLinesAsync(RepositoryRoot.File("Dockerfile"), Cancel));
    }
}
