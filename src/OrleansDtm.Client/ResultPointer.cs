using System.Linq.Expressions;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrleansDtm.Client;

/// <summary>
/// The JSON Pointer of an expression such as <c>r => r.Items[0].Price</c>, and the name of its last member.
/// </summary>
internal readonly record struct ResultPointer(string Pointer, string Name)
{
    /// <exception cref="ArgumentException">The expression has more than members and indexes.</exception>
    public static ResultPointer Of(LambdaExpression part, JsonSerializerOptions json)
    {
        var tokens = new Stack<string>();
        var name = "";
        var at = Plain(part.Body);
        while (at is not ParameterExpression)
        {
            if (at is MemberExpression { Expression: { } nullable, Member: { Name: nameof(Nullable<int>.Value) } value }
                && Nullable.GetUnderlyingType(value.DeclaringType!) is not null)
            {
                at = Plain(nullable);
                continue;
            }

            (at, var token, var isMember) = at switch
            {
                MemberExpression { Expression: { } inner } member when IsInJson(member.Member) =>
                    (inner, NameOf(member.Member, json), true),
                BinaryExpression { NodeType: ExpressionType.ArrayIndex } index =>
                    (index.Left, Value(index.Right, part), false),
                MethodCallExpression { Method.Name: "get_Item", Object: { } list, Arguments: [var key] } =>
                    (list, Value(key, part), false),
                _ => throw NotUnderstood(part),
            };
            at = Plain(at);
            name = isMember && name.Length == 0 ? token : name;
            tokens.Push(token.Replace("~", "~0", StringComparison.Ordinal).Replace(
                "/", "~1", StringComparison.Ordinal));
        }

        return new ResultPointer(string.Concat(tokens.Select(static token => $"/{token}")), name);
    }

    /// <summary>
    /// Texts, lists and so on have members that their JSON does not have, such as Length and Count.
    /// </summary>
    private static bool IsInJson(MemberInfo member) =>
        member.DeclaringType is { IsPrimitive: false } type
        && type != typeof(string)
        && type.Namespace?.StartsWith(nameof(System), StringComparison.Ordinal) != true
        && member.GetCustomAttribute<JsonIgnoreAttribute>() is not { Condition: JsonIgnoreCondition.Always };

    private static Expression Plain(Expression expression) =>
        expression is UnaryExpression { NodeType: ExpressionType.Convert } converted
            ? Plain(converted.Operand)
            : expression;

    private static string NameOf(MemberInfo member, JsonSerializerOptions json) =>
        member.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name
        ?? json.PropertyNamingPolicy?.ConvertName(member.Name)
        ?? member.Name;

    /// <summary>A constant, or a variable of the method.</summary>
    private static string Value(Expression expression, LambdaExpression part) => Plain(expression) switch
    {
        ConstantExpression { Value: { } value } => Text(value),
        MemberExpression { Member: FieldInfo field, Expression: ConstantExpression { Value: { } closure } } =>
            Text(field.GetValue(closure) ?? throw NotUnderstood(part)),
        _ => throw NotUnderstood(part),
    };

    private static string Text(object value) => FormattableString.Invariant($"{value}");

    private static ArgumentException NotUnderstood(LambdaExpression part) =>
        new($"'{part}' is not a part of a result: use members and indexes only, such as r => r.Items[0].Price.",
            nameof(part));
}
