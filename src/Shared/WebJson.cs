using System.Text.Json;

namespace OrleansDtm.Shared;

/// <summary>
/// JSON as web APIs write it. .NET 8 has no shared instance of these options. Compiled into each assembly that uses it.
/// </summary>
internal static class WebJson
{
    public static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Web);
}
