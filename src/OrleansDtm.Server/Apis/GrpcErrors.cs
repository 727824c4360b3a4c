using Grpc.Core;
using Grpc.Core.Interceptors;
using OrleansDtm.Grains.Service;
using OrleansDtm.Grains.Tracing;
using OrleansDtm.Protocol.Coordination;
using OrleansDtm.Protocol.Wire;
using OrleansDtm.Storage;

namespace OrleansDtm.Server.Apis;

/// <summary>
/// Converts exceptions of a method to statuses: InvalidArgument for invalid requests, Unavailable for store outages,
/// Internal for defects.
/// </summary>
internal sealed class GrpcErrors(ILogger<GrpcErrors> log) : Interceptor
{
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            return await continuation(request, context);
        }
        catch (RequestException e)
        {
            throw GrpcAnswers.Error(StatusCode.InvalidArgument, e.Message);
        }
        catch (StoreTooLargeException e)
        {
            throw GrpcAnswers.Error(StatusCode.InvalidArgument, e.Message);
        }
        catch (StoreUnavailableException e)
        {
            throw GrpcAnswers.Error(StatusCode.Unavailable, $"try again: {e.Message}");
        }
        catch (OperationCanceledException) when (context.CancellationToken.IsCancellationRequested)
        {
            throw GrpcAnswers.Error(StatusCode.Cancelled, "the caller has cancelled the call");
        }
        catch (Exception e) when (e is not RpcException)
        {
            using (GidOf(request) is { } gid ? LogScope.Begin(log, RequestValidator.Printable(gid), null) : null)
            {
                log.RequestFailed(e, "gRPC", context.Method);
            }

            throw GrpcAnswers.Error(StatusCode.Internal, "internal error; the coordinator's log says more [ODTM1006]");
        }
    }

    private static string? GidOf(object request) => request switch
    {
        DtmRequest transaction => transaction.Gid,
        DtmBranchRequest branch => branch.Gid,
        Submission submission => submission.Request?.Gid,
        GidRequest asked => asked.Gid,
        BranchRequest branch => branch.Gid,
        _ => null,
    };
}
