using System.Text.RegularExpressions;
using k8s;
using k8s.Models;
using OrleansDtm.Tests.Support;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace OrleansDtm.WireTests.Helm;

/// <summary>
/// Rendered manifests, parsed as strictly as Kubernetes does: an unknown kind, field or type is an error.
/// </summary>
internal sealed partial class Manifests
{
    /// <summary>The fields below which every value is a string, or a quantity, which may be one.</summary>
    private static readonly HashSet<string> StringsBelow =
        [
            "labels", "annotations", "data", "matchLabels", "selector", "nodeSelector", "env", "args", "command",
            "limits", "requests",
        ];

    private readonly List<IKubernetesObject<V1ObjectMeta>> _objects = [];

    /// <exception cref="YamlException">A field is unknown to Kubernetes or has a value of the wrong type.</exception>
    /// <exception cref="KeyNotFoundException">A kind is unknown to Kubernetes.</exception>
    public Manifests(string rendered)
    {
        foreach (var document in rendered.Split("\n---\n").Select(static text => text.TrimStart('-', '\n')))
        {
            var root = Parse(document);
            if (root is null)
            {
                continue;
            }

            CheckScalars(root, inStrings: false);
            if (Text(root, "apiVersion") == "monitoring.coreos.com/v1")
            {
                Monitoring.Add(root);
            }
            else
            {
                var read = KubernetesYaml.LoadAllFromString(document, typeMap: null, strict: true).Single();
                _objects.Add((IKubernetesObject<V1ObjectMeta>)read);
            }
        }
    }

    public IReadOnlyList<IKubernetesObject<V1ObjectMeta>> Objects => _objects;

    /// <summary>Manifests of the Prometheus operator, whose types are not Kubernetes' own.</summary>
    public List<YamlMappingNode> Monitoring { get; } = [];

    /// <summary>The coordinator's pod, whatever its workload is.</summary>
    public V1PodTemplateSpec Pod => All<V1Deployment>().Select(static one => one.Spec.Template)
        .Concat(All<V1StatefulSet>().Select(static one => one.Spec.Template)).Single();

    /// <summary>The ConfigMap that the server reads. A dashboard may be another one.</summary>
    public V1ConfigMap Settings => All<V1ConfigMap>().Single(
        static one => one.Data.Keys.All(static key => key.StartsWith("ORLEANSDTM_", StringComparison.Ordinal)));

    public V1Container Container => Pod.Spec.Containers.Single();

    public static async Task<Manifests> Of(string values)
    {
        string[] options = values switch
        {
            "default" => ["--set", Helm.Open],
            "everything" => ["--values", RepositoryRoot.File("tests", "helm", "everything.yaml")],
            _ => ["--values", RepositoryRoot.File("helm", "values", $"{values}.yaml")],
        };
        return new Manifests(await Helm.Template("bank", options));
    }

    public IEnumerable<T> All<T>() => _objects.OfType<T>();

    public YamlMappingNode Monitor(string kind) => Monitoring.Single(one => Text(one, "kind") == kind);

    /// <summary>Returns the node at the path; null = none.</summary>
    public static YamlNode? At(YamlNode? node, params string[] path) => path.Aggregate(
        node,
        static (at, step) => at is YamlMappingNode map
            && map.Children.TryGetValue(new YamlScalarNode(step), out var next) ? next : null);

    public static string? Text(YamlNode? node, params string[] path) => (At(node, path) as YamlScalarNode)?.Value;

    /// <summary>
    /// Rejects "1" for a number and 1 for a string. The client library accepts them; the API server does not.
    /// </summary>
    private static void CheckScalars(YamlNode node, bool inStrings)
    {
        switch (node)
        {
            case YamlMappingNode map:
                foreach (var (key, value) in map.Children)
                {
                    CheckScalars(value, inStrings || StringsBelow.Contains($"{key}"));
                }

                break;
            case YamlSequenceNode list:
                foreach (var item in list)
                {
                    CheckScalars(item, inStrings);
                }

                break;
            case YamlScalarNode { Value: { } text } scalar
                when BoolOrNumber().IsMatch(text) && scalar.Style == ScalarStyle.Plain == inStrings:
                throw new YamlException(
                    node.Start, node.End, $"'{text}' must {(inStrings ? "" : "not ")}be quoted here");
        }
    }

    [GeneratedRegex("^(true|false|yes|no|on|off|null|~|-?[0-9.]+(e[-+]?[0-9]+)?)$", RegexOptions.IgnoreCase)]
    private static partial Regex BoolOrNumber();

    private static YamlMappingNode? Parse(string document)
    {
        var yaml = new YamlStream();
        yaml.Load(new StringReader(document));
        return yaml.Documents.Count == 0 ? null : yaml.Documents.Single().RootNode as YamlMappingNode;
    }
}
