using System.Collections.Concurrent;
using System.Text;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Options;

namespace OrleansDtm.Client.Grpc;

/// <summary>
/// The open channels, one for each address: to the coordinator, and to participants that the SDK calls.
/// </summary>
internal sealed class Channels(IOptions<DtmGrpcOptions> options) : IDisposable
{
    private readonly ConcurrentDictionary<string, Lazy<GrpcChannel>> _channels = new(StringComparer.OrdinalIgnoreCase);

    /// <param name="address">http(s)://host:port</param>
    public CallInvoker To(string address) =>
        _channels.GetOrAdd(address, key => new Lazy<GrpcChannel>(() => GrpcChannel.ForAddress(key, Settings()))).Value
            .CreateCallInvoker();

    public void Dispose()
    {
        foreach (var channel in _channels.Values.Where(static channel => channel.IsValueCreated))
        {
            channel.Value.Dispose();
        }
    }

    private GrpcChannelOptions Settings()
    {
        var settings = new GrpcChannelOptions
        {
            HttpHandler = new SocketsHttpHandler
            {
                EnableMultipleHttp2Connections = true,
                RequestHeaderEncodingSelector = static (_, _) => Encoding.UTF8, // gids and headers may be non-ASCII.
            },
            DisposeHttpClient = true,
            MaxReceiveMessageSize = DtmHttpClients.ResponseBytesMax,
            ThrowOperationCanceledOnCancellation = true,
        };
        options.Value.ConfigureChannel?.Invoke(settings);
        return settings;
    }
}
