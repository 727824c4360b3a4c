using System.Globalization;
using System.Text.Json.Nodes;

namespace OrleansDtm.WireTests.Wire;

/// <summary>Invalid bodies of submit, each a valid saga with one fault.</summary>
internal static class BadSubmits
{
    /// <summary>The faults by name, each with a word that the message must contain.</summary>
    public static IReadOnlyDictionary<string, (string Word, Action<JsonObject> Spoil)> All { get; } = Cases();

    /// <summary>Texts that are not JSON objects, by name.</summary>
    public static IReadOnlyDictionary<string, string> NoObject { get; } = new Dictionary<string, string>
    {
        ["broken JSON"] = """{"gid":""",
        ["an empty body"] = "",
        ["a JSON array"] = "[]",
    };

    private static Dictionary<string, (string Word, Action<JsonObject> Spoil)> Cases()
    {
        var cases = new Dictionary<string, (string Word, Action<JsonObject> Spoil)>();
        AddGids(cases);
        AddShapes(cases);
        AddNumbers(cases);
        AddUrls(cases);
        AddOrders(cases);
        AddHeaders(cases);
        AddTags(cases);
        return cases;
    }

    private static void AddGids(Dictionary<string, (string Word, Action<JsonObject> Spoil)> cases)
    {
        cases["no gid"] = ("gid", static b => b.Remove("gid"));
        cases["an empty gid"] = ("gid", static b => b["gid"] = "");
        cases["a gid of 129 characters"] = ("gid", static b => b["gid"] = ((string)b["gid"]!).PadRight(129, 'x'));
        cases["a gid that is a number"] = ("gid", static b => b["gid"] = 20_260_101);
        foreach (var space in new[] { ' ', '\u00a0', '\u2003', '\u3000', '\u2028' })
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"a gid that ends in white space {(int)space}");
            cases[name] = ("gid", b => b["gid"] = (string)b["gid"]! + space);
        }

        cases["a gid of white space"] = ("gid", static b => b["gid"] = "  ");
        foreach (var control in new[] { '\n', '\r', '\t', '\0', '\u0007', '\u001b', '\u007f' })
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"a gid with control character {(int)control}");
            cases[name] = ("gid", b => b["gid"] = (string)b["gid"]! + control + "x");
        }
    }

    private static void AddShapes(Dictionary<string, (string Word, Action<JsonObject> Spoil)> cases)
    {
        cases["payloads without steps"] = ("payloads", static b => b.Remove("steps"));
        cases["steps that are a string"] = ("steps", static b => b["steps"] = "Act1");
        cases["fewer payloads than steps"] = ("payloads", static b => b["payloads"]!.AsArray().RemoveAt(1));
        cases["payloads that are numbers"] = ("payloads", static b => b["payloads"] = new JsonArray(30, 31));
        cases["an unknown trans_type"] = ("trans_type", static b => b["trans_type"] = "gaga");
        cases["no trans_type"] = ("trans_type", static b => b.Remove("trans_type"));
    }

    private static void AddNumbers(Dictionary<string, (string Word, Action<JsonObject> Spoil)> cases)
    {
        foreach (var field in new[] { "timeout_to_fail", "retry_interval", "request_timeout", "retry_limit" })
        {
            cases["a negative " + field] = (field, b => b[field] = -1);
            cases[field + " that is a word"] = (field, b => b[field] = "soon");
        }
    }

    private static void AddUrls(Dictionary<string, (string Word, Action<JsonObject> Spoil)> cases)
    {
        foreach (var url in new[] { "ftp://x/y", "nonsense", "http://", "grain://Vault/A/Open" })
        {
            cases["action " + url] = ("action", b => b["steps"]![1]!["action"] = url);
        }
    }

    private static void AddOrders(Dictionary<string, (string Word, Action<JsonObject> Spoil)> cases)
    {
        Add("a cycle", """{"0":[1],"1":[0]}""");
        Add("a step before itself", """{"1":[1]}""");
        Add("an index too high", """{"1":[2]}""");
        Add("a key too high", """{"2":[0]}""");
        Add("a negative index", """{"1":[-1]}""");
        Add("a key that is no number", """{"first":[0]}""");
        cases["broken custom_data of a concurrent saga"] = ("custom_data", static b =>
        {
            b["concurrent"] = true;
            b["custom_data"] = """{"concurrent":true,"orders":""";
        }
        );

        void Add(string name, string orders) => cases["orders with " + name] = ("orders", b =>
        {
            b["concurrent"] = true;
            b["custom_data"] = $$"""{"concurrent":true,"orders":{{orders}}}""";
        }
        );
    }

    private static void AddHeaders(Dictionary<string, (string Word, Action<JsonObject> Spoil)> cases)
    {
        Add("a line break in a value", "x-tenant", "blue\r\nx-admin: yes");
        Add("a line feed in a value", "x-tenant", "blue\nred");
        Add("a line break in a name", "x-tenant\r\nx-admin", "yes");
        Add("an invalid name", "a b", "yes");
        Add("an empty name", "", "yes");

        void Add(string name, string header, string value) =>
            cases["branch_headers with " + name] =
                ("branch_headers", b => b["branch_headers"] = new JsonObject { [header] = value });
    }

    private static void AddTags(Dictionary<string, (string Word, Action<JsonObject> Spoil)> cases)
    {
        Add("a colon in a key", new JsonObject { ["a:b"] = "1" });
        Add("a comma in a value", new JsonObject { ["a"] = "1,2" });
        Add("a long key", new JsonObject { [new string('k', 65)] = "1" });
        Add("a long value", new JsonObject { ["a"] = new string('v', 129) });
        Add("a control character", new JsonObject { ["a"] = "1\n" });
        Add("a number", new JsonObject { ["a"] = 1 });
        Add("a list", new JsonArray("a"));
        Add("nine tags", new JsonObject(Enumerable.Range(0, 9).Select(
            static i => KeyValuePair.Create($"k{i}", (JsonNode?)"v"))));
        cases["tags in a header without a value"] =
            ("x-dtm-tags", static b => b["branch_headers"] = new JsonObject { ["x-dtm-tags"] = "order" });

        void Add(string name, JsonNode tags) =>
            cases["tags with " + name] = ("tags", b => b["tags"] = tags.DeepClone());
    }
}
