using System.Globalization;
using System.Text.Json.Nodes;

namespace OrleansDtm.Tests.Support.Wire;

/// <summary>Bodies of submit for sagas whose step n is /Act{n} and /Comp{n} of a participant.</summary>
public static class SagaBody
{
    public static string NewGid() => "wire-" + Guid.NewGuid().ToString("N");

    public static JsonObject Of(string gid, Participant busi, int steps = 2)
    {
        var list = new JsonArray();
        var payloads = new JsonArray();
        for (var i = 1; i <= steps; i++)
        {
            list.Add(new JsonObject { ["action"] = $"{busi.Url}/Act{i}", ["compensate"] = $"{busi.Url}/Comp{i}" });
            payloads.Add(string.Create(CultureInfo.InvariantCulture, $$"""{"amount":{{29 + i}}}"""));
        }

        return new JsonObject { ["gid"] = gid, ["trans_type"] = "saga", ["steps"] = list, ["payloads"] = payloads };
    }

    public static JsonObject With(this JsonObject body, string name, JsonNode? value)
    {
        body[name] = value;
        return body;
    }
}
