using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using OrleansDtm.Protocol;

namespace OrleansDtm.Server.OpenApi;

/// <summary>
/// What the schemas of ASP.NET Core lack: allowed values, required members, and where null can occur.
/// </summary>
internal sealed class SchemaTexts : IOpenApiSchemaTransformer
{
    /// <summary>The name of a type in the document and in generated clients; null = it is written in place.</summary>
    public static string? NameOf(JsonTypeInfo type) => type.Type switch
    {
        var t when t == typeof(QueryView) => "TransactionDetails",
        var t when t == typeof(ListView) => "TransactionPage",
        var t when t == typeof(WorkflowView) => "WorkflowProgress",
        var t when t == typeof(ResetCronTimeView) => "RetriedTransactions",
        var t when t == typeof(KeyValueListView) => "KeyValuePage",
        var t when t == typeof(AuditView) => "AuditPage",
        { Name: var name } when name.EndsWith("View", StringComparison.Ordinal) => name[..^"View".Length],
        _ => OpenApiOptions.CreateDefaultSchemaReferenceId(type),
    };

    public Task TransformAsync(
        OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        if (context.JsonPropertyInfo is { AttributeProvider: { } property } member)
        {
            Describe(schema, member, property);
        }
        else if (context.JsonTypeInfo.Kind == JsonTypeInfoKind.Object)
        {
            Describe(schema, context.JsonTypeInfo);
        }

        return Task.CompletedTask;
    }

    private static void Describe(OpenApiSchema schema, JsonPropertyInfo member, ICustomAttributeProvider property)
    {
        if (Find<DescriptionAttribute>(property) is { } text)
        {
            schema.Description = text.Description;
        }

        if (Find<AllowedValuesAttribute>(property) is { } allowed)
        {
            schema.Enum = [.. allowed.Values.Select(static value => (JsonNode)JsonValue.Create((string)value!))];
        }

        if (schema.Type is { } type && !MayBeNull(member, property))
        {
            schema.Type = type & ~JsonSchemaType.Null;
        }
    }

    private static void Describe(OpenApiSchema schema, JsonTypeInfo type)
    {
        schema.Description = type.Type.GetCustomAttribute<DescriptionAttribute>()?.Description ?? schema.Description;
        foreach (var member in type.Properties)
        {
            if (member.AttributeProvider is { } property && schema.Properties?.ContainsKey(member.Name) == true
                && (IsAnswer(member) ? Find<JsonIgnoreAttribute>(property) is null
                    : Find<RequiredAttribute>(property) is not null))
            {
                (schema.Required ??= new HashSet<string>()).Add(member.Name);
            }
        }
    }

    /// <summary>
    /// In requests null is the same as no value, so clients need not offer it. In answers a member is left out instead,
    /// if it says so.
    /// </summary>
    private static bool MayBeNull(JsonPropertyInfo member, ICustomAttributeProvider property) =>
        IsAnswer(member) && member.IsGetNullable && Find<JsonIgnoreAttribute>(property) is null;

    private static bool IsAnswer(JsonPropertyInfo member) =>
        member.DeclaringType.Name.EndsWith("View", StringComparison.Ordinal);

    private static T? Find<T>(ICustomAttributeProvider property)
        where T : Attribute => property.GetCustomAttributes(typeof(T), inherit: true).OfType<T>().FirstOrDefault();
}
