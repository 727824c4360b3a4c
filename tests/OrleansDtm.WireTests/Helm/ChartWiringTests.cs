using System.Globalization;
using System.Text;
using k8s.Models;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace OrleansDtm.WireTests.Helm;

/// <summary>References between manifests are valid.</summary>
public sealed class ChartWiringTests
{
    public static TheoryData<string> AllValues => ["default", "production", "minimal", "everything"];

    [Theory]
    [MemberData(nameof(AllValues))]
    public async Task Selectors_find_the_coordinators_pods_and_no_others(string values)
    {
        var manifests = await Manifests.Of(values);
        var pod = manifests.Pod.Metadata.Labels;
        var test = manifests.All<V1Pod>().Single().Metadata.Labels;
        List<IDictionary<string, string>> selectors =
        [
            .. manifests.All<V1Deployment>().Select(static one => one.Spec.Selector.MatchLabels),
            .. manifests.All<V1StatefulSet>().Select(static one => one.Spec.Selector.MatchLabels),
            .. manifests.All<V1Service>().Select(static one => one.Spec.Selector),
            .. manifests.All<V1PodDisruptionBudget>().Select(static one => one.Spec.Selector.MatchLabels),
            .. manifests.All<V1NetworkPolicy>().Select(static one => one.Spec.PodSelector.MatchLabels),
        ];

        Assert.InRange(selectors.Count, 3, 6);
        Assert.All(selectors, selector => Assert.True(Matches(selector, pod)));
        Assert.All(selectors, selector => Assert.False(Matches(selector, test)));
    }

    [Theory]
    [MemberData(nameof(AllValues))]
    public async Task Ports_that_are_named_exist(string values)
    {
        var manifests = await Manifests.Of(values);
        var ports = manifests.Container.Ports.ToDictionary(static port => port.Name, static port => port.ContainerPort);
        var main = manifests.All<V1Service>().Single(static one => one.Metadata.Name == "bank-orleansdtm");
        var container = manifests.Container;

        Assert.All(
            manifests.All<V1Service>().SelectMany(static one => one.Spec.Ports),
            port => Assert.Contains(port.TargetPort.Value, ports.Keys));
        Assert.All(
            manifests.All<V1NetworkPolicy>()
                .SelectMany(static one => one.Spec.Ingress)
                .SelectMany(static rule => rule.Ports),
            port => Assert.Contains(port.Port.Value, ports.Keys));
        Assert.All(
            new[] { container.StartupProbe, container.LivenessProbe, container.ReadinessProbe },
            probe => Assert.Contains(probe.HttpGet.Port.Value, ports.Keys));
        Assert.All(
            manifests.All<V1Ingress>()
                .SelectMany(static one => one.Spec.Rules)
                .SelectMany(static rule => rule.Http.Paths),
            path =>
            {
                Assert.Equal(main.Metadata.Name, path.Backend.Service.Name);
                Assert.Contains(path.Backend.Service.Port.Name, main.Spec.Ports.Select(static port => port.Name));
            });

        (string Setting, string Port)[] settings =
            [
                ("HttpPort", "http"),
                ("GrpcPort", "grpc"),
                ("Cluster__SiloPort", "silo"),
                ("Cluster__GatewayPort", "gateway"),
            ];
        foreach (var (setting, port) in settings)
        {
            var given = manifests.Settings.Data.TryGetValue($"ORLEANSDTM_{setting}", out var text) ? text : null;
            Assert.Equal(ports.TryGetValue(port, out var number) ? $"{number}" : null, given);
        }
    }

    /// <summary>A probe without TLS to a TLS port, or the reverse, fails on every pod.</summary>
    [Theory]
    [InlineData("default", false)]
    [InlineData("production", false)]
    [InlineData("everything", true)]
    public async Task Probes_scrapes_and_Services_speak_as_the_port_does(string values, bool tls)
    {
        var manifests = await Manifests.Of(values);
        var container = manifests.Container;
        Assert.Equal(tls, manifests.Settings.Data.ContainsKey("ORLEANSDTM_Tls__CertificatePath"));
        Assert.All(
            new[] { container.StartupProbe, container.LivenessProbe, container.ReadinessProbe },
            probe => Assert.Equal(tls ? "HTTPS" : null, probe.HttpGet.Scheme));
        Assert.All(
            manifests.All<V1Service>().SelectMany(static one => one.Spec.Ports),
            port => Assert.Equal(
                port.Name switch
                {
                    "http" => tls ? "https" : "http",
                    "grpc" => tls ? "https" : "kubernetes.io/h2c",
                    _ => "tcp",
                }, port.AppProtocol));
        var test = manifests.All<V1Pod>().Single().Spec;
        Assert.StartsWith(
            tls ? "https://" : "http://",
            test.Containers.Single().Env.Single(static one => one.Name == "URL").Value,
            StringComparison.Ordinal);
        if (values == "default")
        {
            return; // Metrics are not scraped.
        }

        var endpoint =
            ((YamlSequenceNode)Manifests.At(manifests.Monitor("ServiceMonitor"), "spec", "endpoints")!).Single();
        Assert.Equal(tls ? "https" : null, Manifests.Text(endpoint, "scheme"));
        Assert.Equal(tls ? "bank-orleansdtm.dtm.svc" : null, Manifests.Text(endpoint, "tlsConfig", "serverName"));
        Assert.Equal(tls ? "http-tls" : null, Manifests.Text(endpoint, "tlsConfig", "ca", "secret", "name"));

        // Each file in a setting is in a mounted Secret, never by subPath, because such files are not updated.
        foreach (var file in manifests.Settings.Data.Where(
            static pair => pair.Key.Contains("Tls", StringComparison.Ordinal)
                && !pair.Key.EndsWith("ServerName", StringComparison.Ordinal)).Select(static pair => pair.Value))
        {
            var mount = Assert.Single(
                container.VolumeMounts, mount => file.StartsWith(mount.MountPath + "/", StringComparison.Ordinal));
            Assert.Null(mount.SubPath);
            Assert.NotNull(manifests.Pod.Spec.Volumes.Single(volume => volume.Name == mount.Name).Secret);
        }
    }

    [Theory]
    [MemberData(nameof(AllValues))]
    public async Task The_pod_is_left_the_time_it_needs_to_drain(string values)
    {
        var manifests = await Manifests.Of(values);
        var drain = int.Parse(manifests.Settings.Data["ORLEANSDTM_DrainTimeout"], CultureInfo.InvariantCulture);

        // CoordinatorApp gives the host DrainTimeout plus ten seconds.
        Assert.True(manifests.Pod.Spec.TerminationGracePeriodSeconds
            > manifests.Container.Lifecycle.PreStop.Sleep.Seconds + drain + 10);
    }

    [Theory]
    [MemberData(nameof(AllValues))]
    public async Task Pods_pass_the_restricted_profile(string values)
    {
        var manifests = await Manifests.Of(values);
        foreach (var pod in new[] { manifests.Pod.Spec, manifests.All<V1Pod>().Single().Spec })
        {
            Assert.True(pod.SecurityContext.RunAsNonRoot);
            Assert.NotEqual(0, pod.SecurityContext.RunAsUser);
            Assert.Equal("RuntimeDefault", pod.SecurityContext.SeccompProfile.Type);
            Assert.NotEqual(true, pod.HostNetwork);
            Assert.All(pod.Containers, static container =>
            {
                Assert.False(container.SecurityContext.AllowPrivilegeEscalation);
                Assert.True(container.SecurityContext.ReadOnlyRootFilesystem);
                Assert.Equal("ALL", Assert.Single(container.SecurityContext.Capabilities.Drop));
                Assert.True(container.Resources.Limits.ContainsKey("memory"));
            });

            // Variables made from Services would be read as settings: STORE_PORT=tcp://10.0.0.1:80.
            Assert.False(pod.EnableServiceLinks);
        }
    }

    [Theory]
    [MemberData(nameof(AllValues))]
    public async Task Every_mount_has_its_volume(string values)
    {
        var manifests = await Manifests.Of(values);
        var claims = manifests.All<V1StatefulSet>().SelectMany(static one => one.Spec.VolumeClaimTemplates ?? []);
        List<string> volumes =
            [
                .. manifests.Pod.Spec.Volumes.Select(static volume => volume.Name),
                .. claims.Select(static claim => claim.Metadata.Name),
            ];

        Assert.Equal(volumes.Order(), manifests.Container.VolumeMounts.Select(static mount => mount.Name).Order());
        Assert.Equal(volumes.Distinct().Count(), volumes.Count);
    }

    [Theory]
    [InlineData("production")]
    [InlineData("everything")]
    public async Task Silos_may_see_the_pods_of_their_cluster(string values)
    {
        var manifests = await Manifests.Of(values);
        var (pod, data) = (manifests.Pod, manifests.Settings.Data);
        var (role, binding) = (manifests.All<V1Role>().Single(), manifests.All<V1RoleBinding>().Single());

        Assert.True(pod.Spec.AutomountServiceAccountToken);
        Assert.Equal(role.Metadata.Name, binding.RoleRef.Name);
        Assert.Equal(pod.Spec.ServiceAccountName, binding.Subjects.Single().Name);
        Assert.Equal(pod.Spec.ServiceAccountName, manifests.All<V1ServiceAccount>().Single().Metadata.Name);
        Assert.Equal(["get", "list", "watch"], role.Rules.Single().Verbs);

        // Orleans selects pods by these labels and reads its ids from these variables. They must equal the settings.
        Assert.Equal(data["ORLEANSDTM_Cluster__ClusterId"], pod.Metadata.Labels["orleans/clusterId"]);
        Assert.Equal(data["ORLEANSDTM_Cluster__ServiceId"], pod.Metadata.Labels["orleans/serviceId"]);
        var variables = manifests.Container.Env.ToDictionary(static one => one.Name);
        Assert.Equal(data["ORLEANSDTM_Cluster__ClusterId"], variables["ORLEANS_CLUSTER_ID"].Value);
        Assert.Equal(data["ORLEANSDTM_Cluster__ServiceId"], variables["ORLEANS_SERVICE_ID"].Value);
        Assert.Equal("status.podIP", variables["POD_IP"].ValueFrom.FieldRef.FieldPath);
    }

    [Fact]
    public async Task Scaling_and_monitoring_point_at_what_is_there()
    {
        var manifests = await Manifests.Of("production");
        var (deployment, scaler) =
            (manifests.All<V1Deployment>().Single(), manifests.All<V2HorizontalPodAutoscaler>().Single());
        Assert.Equal(deployment.Metadata.Name, scaler.Spec.ScaleTargetRef.Name);
        Assert.Null(deployment.Spec.Replicas); // An upgrade would reset the autoscaler's value.

        var monitor = manifests.Monitor("ServiceMonitor");
        var labels = ((YamlMappingNode)Manifests.At(monitor, "spec", "selector", "matchLabels")!).Children
            .ToDictionary(static pair => $"{pair.Key}", static pair => $"{pair.Value}");
        var watched = Assert.Single(manifests.All<V1Service>(), service => Matches(labels, service.Metadata.Labels));
        Assert.Equal("bank-orleansdtm", watched.Metadata.Name); // The alerts select by this name.
        var endpoint = ((YamlSequenceNode)Manifests.At(monitor, "spec", "endpoints")!).Single();
        Assert.Contains(Manifests.Text(endpoint, "port"), watched.Spec.Ports.Select(static port => port.Name));
    }

    [Fact]
    public async Task A_password_is_in_the_secret_and_nowhere_else()
    {
        const string Set = "store.driver=mysql,store.host=h,store.user=u,store.password=hunter2," + Helm.Open;
        var rendered = await Helm.Template("bank", "--set", Set);
        var manifests = new Manifests(rendered);
        var secret = manifests.All<V1Secret>().Single();

        Assert.Equal("hunter2", Encoding.UTF8.GetString(secret.Data["password"]));
        Assert.DoesNotContain("hunter2", rendered, StringComparison.Ordinal);
        var reference = manifests.Container.Env.Single(
            static one => one.Name == "ORLEANSDTM_Store__Password").ValueFrom.SecretKeyRef;
        Assert.Equal((secret.Metadata.Name, "password"), (reference.Name, reference.Key));
    }

    [Fact]
    public async Task By_default_no_secret_is_made() =>
        Assert.Empty((await Manifests.Of("production")).All<V1Secret>());

    private static bool Matches(IDictionary<string, string> selector, IDictionary<string, string> labels) =>
        selector.Count > 0 && selector.All(pair => labels.TryGetValue(pair.Key, out var value) && value == pair.Value);
}
