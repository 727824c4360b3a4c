using Grpc.Core;
using OrleansDtm.Protocol;

namespace OrleansDtm.Client.Grpc;

/// <summary>Makes the branch calls of the SDK: tries, XA actions, query_prepared.</summary>
internal sealed class GrpcBranchTransport(Channels channels) : IBranchTransport
{
    private static readonly Marshaller<byte[]> AsIs = Marshallers.Create(
        static (byte[] bytes) => bytes, static bytes => bytes);

    public bool Serves(string url) => GrpcUrl.Parse(url) is not null;

    public async Task<byte[]> CallAsync(
        TransactionRequest transaction, string branchId, string op, string url, byte[]? body, string? coordinator,
        CancellationToken cancellationToken)
    {
        var target = GrpcUrl.Parse(url)!;
        var headers = new Metadata();
        foreach (var (name, value) in transaction.BranchHeaders ?? [])
        {
            headers.Add(name, value ?? "");
        }

        foreach (var entry in Identity.Of(
            new BranchContext(transaction.TransType!, transaction.Gid!, branchId, op)
            {
                Namespace = transaction.Namespace ?? "",
            },
            coordinator))
        {
            headers.Add(entry); // Last: the last of duplicate names counts.
        }

        if (transaction.TransType == TransTypes.Xa)
        {
            headers.Add(Identity.Prefix + BranchQuery.Phase2Url, url);
        }

        var method = new Method<byte[], byte[]>(MethodType.Unary, target.Service, target.Method, AsIs, AsIs);
        try
        {
            using var call = channels.To(target.Address).AsyncUnaryCall(
                method, null, new CallOptions(headers, cancellationToken: cancellationToken), body ?? []);
            return await call.ResponseAsync.ConfigureAwait(false);
        }
        catch (RpcException e)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw GrpcStatuses.Outcome(e.Status, transaction.Gid)
                ?? new BranchUnavailableException($"The branch {url} answered {e.StatusCode}: {e.Status.Detail}", e)
                {
                    Gid = transaction.Gid,
                    Reason = e.Status.Detail,
                };
        }
    }
}
