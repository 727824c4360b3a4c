using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using OrleansDtm.Tests.Support;
using OrleansDtm.WireTests.Release;
using Xunit;

namespace OrleansDtm.WireTests.Helm;

/// <summary>helm upgrade from the last release: Kubernetes refuses to change some fields of an object.</summary>
public sealed class UpgradeTests
{
    private const string Mysql = "security.allowAnonymous=true,store.driver=mysql,store.host=h,store.user=u,"
        + "store.existingSecret=s";

    [Theory]
    [InlineData(Helm.Open)]
    [InlineData(Mysql)]
    public async Task Kubernetes_takes_the_manifests_in_place_of_those_of_the_last_release(string set)
    {
        var rendered = await Helm.Template("bank", "--set", set);
        var last = await Script.Run("tests/helm/last-release.sh", [RepositoryRoot.Path, "bank", "--set", set]);

        // Before the first release the chart is compared with itself.
        Assert.Empty(Refused(last.Length == 0 ? rendered : last, rendered));
    }

    /// <summary>The script finds the last release in a repository that has some.</summary>
    [Fact]
    public async Task A_change_that_Kubernetes_refuses_is_found()
    {
        Script.Require("helm", "git");
        var home = Directory.CreateTempSubdirectory("orleansdtm-tags-");
        try
        {
            await Script.Run(
                "bash",
                [
                    "-ec",
                    """
                    cd "$1"; mkdir helm; cp -r "$2" helm/orleansdtm
                    export GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t
                    git init --quiet && git add . && git commit --quiet --message first && git tag v0.0.8
                    sed -i 's/^version: .*/version: 0.0.9/' helm/orleansdtm/Chart.yaml
                    sed -i 's/serviceName: /&old-/' helm/orleansdtm/templates/statefulset.yaml
                    git commit --quiet --all --message second && git tag v0.0.9
                    git commit --quiet --allow-empty --message later && git tag v0.1.0-rc.1
                    git commit --quiet --allow-empty --message latest && git tag v0.1.0
                    """,
                    "tags", home.FullName, Helm.Chart,
                ]);

            var last = await Script.Run("tests/helm/last-release.sh", [home.FullName, "bank", "--set", Helm.Open]);

            Assert.Contains("helm.sh/chart: orleansdtm-0.0.9", last, StringComparison.Ordinal);
            Assert.Equal(
                ["StatefulSet bank-orleansdtm: spec.serviceName"],
                Refused(last, await Helm.Template("bank", "--set", Helm.Open)));
        }
        finally
        {
            home.Delete(recursive: true);
        }
    }

    /// <summary>Returns the changes that Kubernetes refuses.</summary>
    private static List<string> Refused(string last, string now)
    {
        var before = new Manifests(last).Objects.ToDictionary(static one => (one.Kind, one.Metadata.Name));
        Assert.NotEmpty(before);
        return
        [
            .. from one in new Manifests(now).Objects
               let old = before.GetValueOrDefault((one.Kind, one.Metadata.Name))
               where old is not null
               from field in Fixed(one)
               where !JsonNode.DeepEquals(At(old, field), At(one, field))
               select $"{one.Kind} {one.Metadata.Name}: {field}",
        ];
    }

    private static string[] Fixed(IKubernetesObject<V1ObjectMeta> one) => one switch
    {
        V1Deployment => ["spec.selector"],
        V1StatefulSet => ["spec.selector", "spec.serviceName", "spec.podManagementPolicy", "spec.volumeClaimTemplates"],
        V1Service => ["spec.clusterIP"],
        V1RoleBinding => ["roleRef"],
        V1Secret => ["type", "immutable"],
        V1ConfigMap => ["immutable"],
        V1PersistentVolumeClaim => ["spec"],
        _ => [],
    };

    private static JsonNode? At(IKubernetesObject<V1ObjectMeta> one, string field) => field.Split('.').Aggregate(
        JsonNode.Parse(KubernetesJson.Serialize((object)one)), static (at, name) => at?[name]);
}
