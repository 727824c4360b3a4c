using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using OrleansDtm.Tests.Support;
using YamlDotNet.RepresentationModel;

namespace OrleansDtm.WireTests.Compose;

/// <summary>compose.yaml, as Compose reads it: variables have their defaults.</summary>
internal sealed partial class ComposeFile
{
    private readonly YamlMappingNode _root;

    public ComposeFile()
    {
        var yaml = new YamlStream();
        yaml.Load(new StringReader(Variable().Replace(
            File.ReadAllText(Path.Combine(Folder, "compose.yaml")), static match => match.Groups[1].Value)));
        _root = (YamlMappingNode)yaml.Documents.Single().RootNode;
    }

    public static string Folder => RepositoryRoot.File("src", "OrleansDtm.Server", "Compose");

    public JsonNode Json => ToJson(_root)!;

    public IEnumerable<string> Services =>
        ((YamlMappingNode)_root["services"]).Children.Keys.Select(static key => $"{key}");

    public YamlNode this[string service] => _root["services"][service];

    /// <summary>The environment of a service; <c>$$</c> is a dollar sign.</summary>
    public Dictionary<string, string> Environment(string service) =>
        ((YamlMappingNode)this[service]["environment"]).Children.ToDictionary(
            static pair => $"{pair.Key}", static pair => Text(pair.Value));

    public IEnumerable<string> List(string service, params string[] path) =>
        ((YamlSequenceNode)path.Aggregate(this[service], static (at, name) => at[name])).Children.Select(Text);

    private static string Text(YamlNode node) =>
        ((YamlScalarNode)node).Value!.Replace("$$", "$", StringComparison.Ordinal);

    private static JsonNode? ToJson(YamlNode node) => node switch
    {
        YamlMappingNode map => new JsonObject(map.Children.Select(
            static pair => KeyValuePair.Create($"{pair.Key}", ToJson(pair.Value)))),
        YamlSequenceNode list => new JsonArray([.. list.Children.Select(ToJson)]),
        YamlScalarNode { Style: YamlDotNet.Core.ScalarStyle.Plain, Value: "" or "null" or "~" } => null,
        YamlScalarNode { Style: YamlDotNet.Core.ScalarStyle.Plain, Value: "true" or "false" } scalar =>
            JsonValue.Create(scalar.Value == "true"),
        YamlScalarNode { Style: YamlDotNet.Core.ScalarStyle.Plain } scalar when int.TryParse(scalar.Value, out var n) =>
            JsonValue.Create(n),
        _ => JsonValue.Create(((YamlScalarNode)node).Value),
    };

    /// <summary>${NAME:-default}; any other form would not be replaced, and a test would see it.</summary>
    [GeneratedRegex(@"\$\{\w+:-([^}]*)\}")]
    private static partial Regex Variable();
}
