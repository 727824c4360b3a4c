using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using OrleansDtm.Protocol.Wire;

namespace OrleansDtm.Faults.Load;

/// <summary>A client of the gRPC API.</summary>
/// <param name="silo">The silo's name.</param>
/// <param name="address">Host and port.</param>
/// <param name="http">Sends the requests for which gRPC has no method.</param>
/// <param name="branches">The address of the branches.</param>
internal sealed class GrpcDoor(string silo, string address, IDoor http, BranchAddress branches) : IDoor, IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(12);

    private readonly GrpcChannel _channel = GrpcChannel.ForAddress($"http://{address}", new GrpcChannelOptions
    {
        HttpHandler = new SocketsHttpHandler
        {
            ConnectTimeout = TimeSpan.FromSeconds(2),
            KeepAlivePingDelay = TimeSpan.FromSeconds(5),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(5),
        },
        DisposeHttpClient = true,
        MaxReconnectBackoff = TimeSpan.FromSeconds(1),
    });

    public string Silo => silo;

    public async Task<Heard> Say(TransactionPlan plan, string word, bool wait)
    {
        if (word == "retry")
        {
            return await http.Say(plan, word, wait);
        }

        var client = new Dtm.DtmClient(_channel);
        var deadline = DateTime.UtcNow + Patience;
        try
        {
            switch (word)
            {
                case "prepare" when plan.Type == "workflow":
                    var reply = await client.PrepareWorkflowAsync(
                        Bodies.Grpc(plan, word, wait, branches), deadline: deadline);
                    return new Heard(200, "", new Progress(
                        reply.Transaction.Status,
                        reply.Progresses.Select(static p => p.BranchID).ToHashSet(StringComparer.Ordinal)));
                case "prepare":
                    await client.PrepareAsync(Bodies.Grpc(plan, word, wait, branches), deadline: deadline);
                    break;
                case "submit" or "succeed" or "fail":
                    await client.SubmitAsync(Bodies.Grpc(plan, word, wait, branches), deadline: deadline);
                    break;
                case "abort":
                    await client.AbortAsync(Bodies.Grpc(plan, word, wait, branches), deadline: deadline);
                    break;
                default:
                    await client.RegisterBranchAsync(Register(plan, word), deadline: deadline);
                    break;
            }

            return new Heard(200, "");
        }
        catch (RpcException e)
        {
            var isInternal = e.StatusCode == StatusCode.Internal
                && e.Status.Detail.StartsWith("internal error", StringComparison.Ordinal);
            return new Heard(isInternal ? 500 : Code(e.StatusCode), $"{e.StatusCode} {e.Status.Detail}");
        }
    }

    public void Dispose() => _channel.Dispose();

    private DtmBranchRequest Register(TransactionPlan plan, string word)
    {
        var request = new DtmBranchRequest
        {
            Gid = plan.Gid,
            TransType = plan.Type,
            BranchID = BranchAddress.Id(Bodies.Branch(word)),
            BusiPayload = ByteString.CopyFromUtf8(Bodies.Data(plan, word)),
        };
        foreach (var (key, value) in Bodies.Register(plan, word, branches))
        {
            request.Data.Add(key, value);
        }

        return request;
    }

    private static int Code(StatusCode status) => status switch
    {
        StatusCode.Aborted => 409,
        StatusCode.FailedPrecondition => 425,
        StatusCode.InvalidArgument => 400,
        StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.Cancelled => 0,

        // Some versions of the gRPC client report a connection that breaks during a call as an internal error.
        StatusCode.Internal => 0,
        _ => 500,
    };
}
