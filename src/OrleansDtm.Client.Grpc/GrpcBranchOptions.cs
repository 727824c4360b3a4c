using System.Data.Common;
using System.Reflection;
using Google.Protobuf.Reflection;
using Grpc.Core;

namespace OrleansDtm.Client.Grpc;

/// <summary>What branches that are gRPC services have in common.</summary>
public sealed class GrpcBranchOptions
{
    private readonly Dictionary<string, GrpcBranchKind> _kinds = new(StringComparer.Ordinal);

    /// <summary>
    /// Gives a new connection to the database of the business; it is disposed of after the call. Default: one of the DbDataSource that is
    /// registered.
    /// </summary>
    public Func<IServiceProvider, DbConnection>? Database { get; set; }

    /// <summary>Names a service whose methods are branches, as their <see cref="GrpcBranchAttribute"/> says.</summary>
    /// <typeparam name="TService">The implementation, derived from what is generated of the .proto file.</typeparam>
    /// <exception cref="ArgumentException">It is not so derived, or no method has the attribute.</exception>
    public GrpcBranchOptions Add<TService>()
        where TService : class
    {
        var service = typeof(TService).GetCustomAttribute<BindServiceMethodAttribute>(inherit: true)?.BindType
            .GetProperty("Descriptor", BindingFlags.Public | BindingFlags.Static)?.GetValue(null) as ServiceDescriptor
            ?? throw new ArgumentException($"{typeof(TService)} is not derived from a service that is generated of a .proto file.");
        var any = false;
        foreach (var method in service.Methods)
        {
            if (typeof(TService).GetMethod(method.Name)?.GetCustomAttribute<GrpcBranchAttribute>() is { } branch)
            {
                _kinds[$"/{service.FullName}/{method.Name}"] = branch.Kind;
                any = true;
            }
        }

        return any ? this : throw new ArgumentException($"No method of {typeof(TService)} says [GrpcBranch].");
    }

    /// <returns>Null = the method is none.</returns>
    internal GrpcBranchKind? Kind(string method) => _kinds.TryGetValue(method, out var kind) ? kind : null;
}
