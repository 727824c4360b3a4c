using System.Globalization;
using Grpc.Core;
using OrleansDtm.Protocol;

namespace OrleansDtm.Client.Grpc;

/// <summary>Calls of the coordinator, with timeout, API key and the SDK's exceptions.</summary>
/// <param name="address">For error texts.</param>
/// <param name="options">Timeouts and key.</param>
/// <param name="space">The namespace; empty = the default one.</param>
/// <param name="clock">The clock of the timeouts.</param>
internal sealed class GrpcCalls(string address, DtmOptions options, string space, TimeProvider clock)
{
    private const string OurService = "orleansdtm.Coordinator";

    /// <summary>A method of OrleansDtm's service.</summary>
    /// <exception cref="NotSupportedException">The coordinator lacks the method.</exception>
    public async Task<T> MakeOurs<T>(
        string api,
        string? gid,
        Func<CallOptions, AsyncUnaryCall<T>> call,
        CancellationToken cancellationToken,
        TimeSpan? limit = null)
    {
        try
        {
            return await Make(api, gid, call, cancellationToken, limit).ConfigureAwait(false);
        }
        catch (DtmUnavailableException e) when (
            e.InnerException is RpcException { StatusCode: StatusCode.Unimplemented })
        {
            throw new NotSupportedException(
                $"The coordinator at {address} has no gRPC method {OurService}/{api}, which DTM's own servers lack. " +
                "Use HTTP: remove AddDtmGrpcClient, or, for requests other than prepare and submit, " +
                $"set DtmGrpcOptions.{nameof(DtmGrpcOptions.HttpFallback)}.",
                e);
        }
    }

    public async Task<T> Make<T>(
        string api,
        string? gid,
        Func<CallOptions, AsyncUnaryCall<T>> call,
        CancellationToken cancellationToken,
        TimeSpan? limit = null)
    {
        var patience = limit ?? options.RequestTimeout;
        using var late = new CancellationTokenSource(patience, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        try
        {
            using var calling = call(new CallOptions(Proof(), cancellationToken: both.Token));
            return await calling.ResponseAsync.ConfigureAwait(false);
        }
        catch (RpcException e) when (!both.IsCancellationRequested)
        {
            throw GrpcStatuses.Refusal(e, api, gid);
        }
        catch (Exception e) when (e is RpcException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var why = string.Create(CultureInfo.InvariantCulture, $"no answer within {patience.TotalSeconds} s");
            throw new DtmUnavailableException($"The coordinator at {address} cannot be asked: {why}", e)
            {
                Gid = gid,
                Reason = why,
            };
        }
    }

    private Metadata? Proof()
    {
        var key = options.ApiKey is { Length: > 0 } given ? given : null;
        if (key is null && space.Length == 0)
        {
            return null;
        }

        var metadata = new Metadata();
        if (key is not null)
        {
            metadata.Add("authorization", "Bearer " + key);
        }

        if (space.Length > 0)
        {
            metadata.Add(NamespaceHeader.Name, space);
        }

        return metadata;
    }
}
