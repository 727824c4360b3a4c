using System.Linq.Expressions;
using System.Reflection;
using System.Text.Json;
using OrleansDtm.Abstractions;

namespace OrleansDtm.Branches;

/// <summary>
/// A grain method as a branch, compiled at registration: a call only deserializes the payload and invokes a delegate.
/// </summary>
internal sealed class BranchMethod
{
    private readonly Func<object, ReadOnlyMemory<byte>, BranchContext, CancellationToken, Task<BranchResult>> _call;

    public BranchMethod(Type grainInterface, MethodInfo method, JsonSerializerOptions json)
    {
        var grain = Expression.Parameter(typeof(object), "grain");
        var payload = Expression.Parameter(typeof(ReadOnlyMemory<byte>), "payload");
        var context = Expression.Parameter(typeof(BranchContext), "context");
        var token = Expression.Parameter(typeof(CancellationToken), "token");
        var arguments = method.GetParameters().Select(p =>
            p.ParameterType == typeof(BranchContext) ? context
            : p.ParameterType == typeof(CancellationToken) ? token
            : Payload(p.ParameterType, payload, json));
        var called = Expression.Call(
            Expression.Convert(grain, method.DeclaringType ?? grainInterface), method, arguments);
        _call = Expression
            .Lambda<Func<object, ReadOnlyMemory<byte>, BranchContext, CancellationToken, Task<BranchResult>>>(
                Result(called, context, json), grain, payload, context, token)
            .Compile();
    }

    /// <summary>
    /// Returns Task, Task&lt;T&gt;, ValueTask or ValueTask&lt;T&gt;; takes at most one payload, then the context, then
    /// a token.
    /// </summary>
    public static bool Fits(MethodInfo method)
    {
        if (method.IsGenericMethod || method.IsStatic || method.IsSpecialName || !IsTask(method.ReturnType))
        {
            return false;
        }

        var kinds = method.GetParameters().Select(static p => p.ParameterType == typeof(CancellationToken)
            ? 2
            : p.ParameterType == typeof(BranchContext)
            ? 1
            : 0).ToList();
        return kinds.SequenceEqual(kinds.Distinct().Order())
            && !method.GetParameters().Any(static p => p.ParameterType.IsByRef);
    }

    /// <summary>Calls the method. Results and exceptions become an outcome.</summary>
    /// <param name="grain">Implements the interface.</param>
    /// <param name="payload">The submitted payload.</param>
    /// <param name="context">The call.</param>
    /// <param name="cancellationToken">Cancelled at the request timeout.</param>
    public async Task<BranchResult> Call(
        object grain, ReadOnlyMemory<byte> payload, BranchContext context, CancellationToken cancellationToken)
    {
        try
        {
            var result = await _call(grain, payload, context, cancellationToken);
            return result?.Outcome is BranchOutcome.Succeeded or BranchOutcome.Failed or BranchOutcome.Ongoing
                ? Kept(result, context)
                : Unknown($"it returned a {nameof(BranchResult)} that is neither succeeded, failed nor ongoing");
        }
        catch (BranchFailureException e)
        {
            return BranchResult.Failed(e.Message);
        }
        catch (BranchOngoingException e)
        {
            return BranchResult.Ongoing(e.Message);
        }
        catch (PayloadException e)
        {
            return Unknown(e.Message);
        }
        catch (Exception e)
        {
            // Not rethrown: the coordinator may not know its type. The call is retried with this error text.
            return Unknown($"{e.GetType().Name}: {e.Message}");
        }
    }

    /// <summary>Neither success nor failure: retried.</summary>
    public static BranchResult Unknown(string reason) => new() { Outcome = BranchOutcome.Unknown, Reason = reason };

    private static bool IsTask(Type type) =>
        type == typeof(Task) || type == typeof(ValueTask)
        || (type.IsGenericType && (type.GetGenericTypeDefinition() == typeof(Task<>)
            || type.GetGenericTypeDefinition() == typeof(ValueTask<>)));

    private static Expression Payload(Type type, Expression payload, JsonSerializerOptions json) =>
        type == typeof(ReadOnlyMemory<byte>) ? payload
        : type == typeof(byte[]) ? Expression.Call(payload, nameof(ReadOnlyMemory<>.ToArray), null)
        : Expression.Call(typeof(BranchMethod), nameof(Read), [type], payload, Expression.Constant(json));

    private static Expression Result(
        MethodCallExpression called, ParameterExpression context, JsonSerializerOptions json)
    {
        var type = called.Type;
        Expression task = type == typeof(ValueTask)
            || (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ValueTask<>))
            ? Expression.Call(called, nameof(ValueTask.AsTask), null)
            : called;
        return task.Type == typeof(Task<BranchResult>) ? task
            : task.Type.IsGenericType
            ? Expression.Call(
                typeof(BranchMethod), nameof(Returned), task.Type.GenericTypeArguments, task, context,
                Expression.Constant(json))
            : Expression.Call(typeof(BranchMethod), nameof(Done), null, task);
    }

    private static async Task<BranchResult> Done(Task called)
    {
        await called;
        return BranchResult.Done;
    }

    private static async Task<BranchResult> Returned<T>(
        Task<T> called, BranchContext context, JsonSerializerOptions json)
    {
        var value = await called;
        if (!context.KeepsResult)
        {
            return BranchResult.Done;
        }

        try
        {
            return BranchResult.Done with { Value = JsonSerializer.SerializeToUtf8Bytes(value, json) };
        }
        catch (Exception e) when (e is JsonException or NotSupportedException or InvalidOperationException)
        {
            // The method has succeeded, so it must not run again.
            return BranchResult.Done with { ValueOmitted = $"a {typeof(T).Name} has no JSON: {e.Message}" };
        }
    }

    /// <summary>Without a value the result is empty; null means a silo of an earlier version.</summary>
    private static BranchResult Kept(BranchResult result, BranchContext context) =>
        context.KeepsResult && result is { Outcome: BranchOutcome.Succeeded, Value: null, ValueOmitted: null }
            ? result with { Value = ReadOnlyMemory<byte>.Empty }
            : result;

    private static T? Read<T>(ReadOnlyMemory<byte> payload, JsonSerializerOptions json)
    {
        if (payload.IsEmpty)
        {
            throw new PayloadException($"the payload is empty, a {typeof(T).Name} in JSON is needed");
        }

        try
        {
            return JsonSerializer.Deserialize<T>(payload.Span, json);
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            throw new PayloadException($"the payload is not the JSON of a {typeof(T).Name}: {e.Message}");
        }
    }

    private sealed class PayloadException(string message) : Exception(message);
}
