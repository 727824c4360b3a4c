using Grpc.Core;
using OrleansDtm.Protocol;

namespace OrleansDtm.Client.Grpc;

/// <summary>The identity of a branch call in metadata.</summary>
internal static class Identity
{
    public const string Prefix = "dtm-";

    public static Metadata Of(BranchContext context, string? coordinator)
    {
        var metadata = new Metadata
        {
            { BranchMetadata.Gid, context.Gid },
            { BranchMetadata.TransType, context.TransType },
            { BranchMetadata.BranchId, context.BranchId },
            { BranchMetadata.Op, context.Op },
            { BranchMetadata.Dtm, coordinator ?? "" },
        };
        if (context.Namespace.Length > 0)
        {
            metadata.Add(NamespaceHeader.Name, context.Namespace);
        }

        return metadata;
    }

    /// <summary>Null = the call has none.</summary>
    public static BranchContext? Read(Metadata headers) =>
        BranchContext.TryRead(
            name => headers.GetValue(name == NamespaceHeader.Name ? name : Prefix + name), out var context)
            ? context
            : null;
}
