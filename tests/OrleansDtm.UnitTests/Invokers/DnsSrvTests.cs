using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using DnsClient;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.ServiceDiscovery;
using Microsoft.Extensions.Time.Testing;
using OrleansDtm.Server.Services;
using Xunit;

namespace OrleansDtm.UnitTests.Invokers;

/// <summary>Services with SRV records in DNS.</summary>
public sealed class DnsSrvTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_records_of_the_first_priority_are_the_endpoints_as_long_as_they_live()
    {
        using var dns = new NameServer();
        dns.Records["_http._tcp.orders.test"] = [(10, 8080, "a.test"), (10, 8081, "b.test"), (20, 1, "spare.test")];
        dns.Records["_grpc._tcp.orders.test"] = [(0, 50051, "a.test")];
        var clock = new FakeTimeProvider();
        var services = new ServiceCollection().AddLogging().AddSingleton<TimeProvider>(clock).AddServiceDiscoveryCore();
        services.AddDnsSrv(
            "_{endpoint}._tcp.{name}.test", new LookupClient(new LookupClientOptions(dns.Place) { UseCache = false }));
        await using var provider = services.BuildServiceProvider();
        var resolver = provider.GetRequiredService<ServiceEndpointResolver>();

        Assert.Equal(["a.test:8080", "b.test:8081"], await Find("http://orders"));
        Assert.Equal(["a.test:50051"], await Find("http://_grpc.orders"));
        Assert.Empty(await Find("http://nobody"));
        var asked = dns.Asked;
        await Find("http://orders");
        Assert.Equal(asked, dns.Asked);

        dns.Records["_http._tcp.orders.test"] = [(10, 9090, "c.test")];
        clock.Advance(TimeSpan.FromSeconds(61));
        for (var i = 0; i < 100 && dns.Asked == asked; i++)
        {
            await Find("http://orders"); // The old addresses may be returned while the new ones are fetched.
            await Task.Yield();
        }

        await dns.Answered(asked + 1).WaitAsync(TimeSpan.FromSeconds(20), Token);
        Assert.True(dns.Asked > asked);

        async Task<List<string>> Find(string query) =>
            [.. (await resolver.GetEndpointsAsync(query, Token)).Endpoints
                .Select(static e => (DnsEndPoint)e.EndPoint)
                .Select(static e => $"{e.Host}:{e.Port}")
                .Order()];
    }

    /// <summary>A name server that answers SRV queries over UDP, with a TTL of one minute.</summary>
    private sealed class NameServer : IDisposable
    {
        private readonly UdpClient _udp = new(new IPEndPoint(IPAddress.Loopback, 0));
        private readonly ConcurrentDictionary<int, TaskCompletionSource> _waits = new();
        private int _asked;

        public NameServer() => _ = Serve();

        public ConcurrentDictionary<string, (int Priority, int Port, string Target)[]> Records { get; } = new(
            StringComparer.OrdinalIgnoreCase);

        public IPEndPoint Place => (IPEndPoint)_udp.Client.LocalEndPoint!;

        public int Asked => Volatile.Read(ref _asked);

        public Task Answered(int nth)
        {
            var wait = _waits.GetOrAdd(
                nth, static _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            if (Asked >= nth)
            {
                wait.TrySetResult();
            }

            return wait.Task;
        }

        public void Dispose() => _udp.Dispose();

        private async Task Serve()
        {
            try
            {
                while (true)
                {
                    var query = await _udp.ReceiveAsync();
                    await _udp.SendAsync(Answer(query.Buffer), query.RemoteEndPoint);
                    var now = Interlocked.Increment(ref _asked);
                    if (_waits.TryGetValue(now, out var wait))
                    {
                        wait.TrySetResult();
                    }
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // The test has ended.
            }
        }

        private byte[] Answer(byte[] query)
        {
            var (at, labels) = (12, new List<string>());
            while (query[at] != 0)
            {
                labels.Add(Encoding.ASCII.GetString(query, at + 1, query[at]));
                at += query[at] + 1;
            }

            var records = Records.GetValueOrDefault(string.Join('.', labels), []);
            var answer = new MemoryStream();
            answer.Write(query, 0, 2);
            Number(answer, records.Length > 0 ? 0x8180 : 0x8183);
            Number(answer, 1);
            Number(answer, records.Length);
            Number(answer, 0);
            Number(answer, 0);
            answer.Write(query, 12, at + 5 - 12);
            foreach (var (priority, port, target) in records)
            {
                var name = target.Split('.')
                    .SelectMany(static l => (byte[])[(byte)l.Length, .. Encoding.ASCII.GetBytes(l)])
                    .Append((byte)0)
                    .ToArray();
                foreach (var number in new[] { 0xC00C, 33, 1, 0, 60, 6 + name.Length, priority, 5, port })
                {
                    Number(answer, number);
                }

                answer.Write(name);
            }

            return answer.ToArray();
        }

        private static void Number(MemoryStream to, int number)
        {
            Span<byte> bytes = stackalloc byte[2];
            BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)number);
            to.Write(bytes);
        }
    }
}
