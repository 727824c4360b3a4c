using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace OrleansDtm.Analyzers;

/// <summary>The members that workflow code must not use outside a step.</summary>
internal sealed class ForbiddenCalls
{
    /// <summary>Members of a type; none = all its methods and constructors.</summary>
    private static readonly (string Type, DiagnosticDescriptor Rule, string[] Members)[] Known =
    [
        ("System.DateTime", Rules.Clock, ["Now", "UtcNow", "Today"]),
        ("System.DateTimeOffset", Rules.Clock, ["Now", "UtcNow"]),
        ("System.Environment", Rules.Clock, ["TickCount", "TickCount64"]),
        ("System.TimeProvider", Rules.Clock, ["GetUtcNow", "GetLocalNow", "GetTimestamp", "GetElapsedTime"]),
        ("System.Diagnostics.Stopwatch", Rules.Clock, ["StartNew", "GetTimestamp", "GetElapsedTime", ".ctor"]),
        ("System.Guid", Rules.Random, ["NewGuid", "CreateVersion7"]),
        ("System.Random", Rules.Random, ["Shared", ".ctor"]),
        ("System.Security.Cryptography.RandomNumberGenerator", Rules.Random, []),
        ("System.Threading.Tasks.Task", Rules.Wait, ["Delay"]),
        ("System.Threading.Thread", Rules.Wait, ["Sleep"]),
        ("System.Threading.PeriodicTimer", Rules.Wait, [".ctor"]),
        ("System.Net.Http.HttpClient", Rules.Io, [
            "GetAsync", "GetStringAsync", "GetByteArrayAsync", "GetStreamAsync", "PostAsync", "PutAsync", "PatchAsync",
            "DeleteAsync", "SendAsync", "Send",
        ]),
        ("System.Net.Http.HttpMessageInvoker", Rules.Io, ["SendAsync", "Send"]),
        ("System.Net.Http.Json.HttpClientJsonExtensions", Rules.Io, []),
        ("System.IO.File", Rules.Io, []),
        ("System.IO.Directory", Rules.Io, []),
        ("System.IO.FileStream", Rules.Io, [".ctor"]),
        ("System.Diagnostics.Process", Rules.Io, ["Start"]),
        ("System.Data.Common.DbConnection", Rules.Io, ["Open", "OpenAsync"]),
        ("System.Data.Common.DbCommand", Rules.Io, [
            "ExecuteNonQuery", "ExecuteNonQueryAsync", "ExecuteReader", "ExecuteReaderAsync", "ExecuteScalar",
            "ExecuteScalarAsync",
        ]),
        ("Microsoft.EntityFrameworkCore.DbContext", Rules.Io, ["SaveChanges", "SaveChangesAsync"]),
    ];

    private readonly ImmutableDictionary<ISymbol, (DiagnosticDescriptor Rule, HashSet<string> Members)> _types;

    public ForbiddenCalls(Compilation compilation)
    {
        var types = ImmutableDictionary.CreateBuilder<ISymbol, (DiagnosticDescriptor, HashSet<string>)>(
            SymbolEqualityComparer.Default);
        foreach (var (name, rule, members) in Known)
        {
            if (compilation.GetTypeByMetadataName(name) is { } type)
            {
                types[type] = (rule, new HashSet<string>(members));
            }
        }

        _types = types.ToImmutable();
    }

    /// <summary>The rule that the operation breaks if it is workflow code; null = none.</summary>
    public DiagnosticDescriptor? RuleFor(IOperation operation) => operation switch
    {
        IPropertyReferenceOperation property => Find(property.Property),
        IInvocationOperation call => Find(call.TargetMethod.ReducedFrom ?? call.TargetMethod),
        IMethodReferenceOperation method => Find(method.Method),

        // A seed that is constant makes the same numbers each time.
        IObjectCreationOperation creation when creation.Constructor is { } constructor
            && !(constructor.ContainingType.Name == "Random" && IsConstant(creation.Arguments)) => Find(constructor),
        _ => null,
    };

    private static bool IsConstant(ImmutableArray<IArgumentOperation> arguments) =>
        arguments.Length > 0 && arguments.All(static argument => argument.Value.ConstantValue.HasValue);

    /// <summary>Base types count too: drivers derive their commands and connections.</summary>
    private DiagnosticDescriptor? Find(ISymbol member)
    {
        for (var type = member.ContainingType; type is not null; type = type.BaseType)
        {
            if (_types.TryGetValue(type.OriginalDefinition, out var entry)
                && (entry.Members.Count > 0 ? entry.Members.Contains(member.Name) : member is IMethodSymbol))
            {
                return entry.Rule;
            }
        }

        return null;
    }
}
