using System.Net;
using System.Net.Sockets;
using OrleansDtm.Core;
using OrleansDtm.Invokers;
using OrleansDtm.Tests.Support.Wire;
using Xunit;

namespace OrleansDtm.WireTests.Security;

/// <summary>The hosts that may be called, and that connections go only to them.</summary>
public sealed class TargetTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("http://169.254.169.254/latest/meta-data/")]
    [InlineData("http://2852039166/latest/")]
    [InlineData("http://0xA9FEA9FE/")]
    [InlineData("http://0251.0376.0251.0376/")]
    [InlineData("http://[::ffff:169.254.169.254]/")]
    [InlineData("http://[::ffff:a9fe:a9fe]/")]
    [InlineData("http://[64:ff9b::a9fe:a9fe]/")]
    [InlineData("http://[64:ff9b:1::a01:203]/")]
    [InlineData("http://[2002:a9fe:a9fe::1]/")]
    [InlineData("http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/")]
    [InlineData("http://[::a01:203]/")]
    [InlineData("http://[fe80::1]/")]
    [InlineData("http://[fd00:ec2::254]/")]
    [InlineData("http://0.0.0.0:8080/")]
    [InlineData("http://[::]/")]
    [InlineData("http://224.0.0.1/")]
    [InlineData("http://100.100.100.200/")]
    [InlineData("http://127.1/")]
    [InlineData("http://2130706433/")]
    [InlineData("169.254.169.254:80/a.B/C")]
    [InlineData("grpc://127.0.0.1:1,169.254.169.254:80/a.B/C")]
    [InlineData("dns:///169.254.169.254:80/a.B/C")]
    [InlineData("2852039166:80/a.B/C")]
    public void Special_addresses_are_denied_whatever_they_are_written_like(string url) =>
        Assert.NotNull(BranchTargets.Default.FindProblem(url));

    [Theory]
    [InlineData("http://localhost:8080/x")]
    [InlineData("http://127.0.0.1:8080/x")]
    [InlineData("https://10.1.2.3/x")]
    [InlineData("http://[::1]:80/x")]
    [InlineData("http://[64:ff9b::5db8:d822]/x")]
    [InlineData("http://[2002:5db8:d822::1]/x")]
    [InlineData("http://bank.example/x?y=http://169.254.169.254/")]
    [InlineData("bank:9000/a.B/C")]
    [InlineData("dns:///bank:9000/a.B/C")]
    public void Everything_else_may_be_called_by_default(string url) =>
        Assert.Null(BranchTargets.Default.FindProblem(url));

    [Theory]
    [InlineData("http://bank.example/x", true)]
    [InlineData("http://BANK.example./x", true)]
    [InlineData("http://evilbank.example.org/x", false)]
    [InlineData("http://a.shop.example:8443/x", true)]
    [InlineData("http://a.shop.example/x", false)]
    [InlineData("http://10.1.2.3/x", true)]
    [InlineData("http://10.9.2.3/x", false)]
    [InlineData("http://secret.bank.example/x", false)]
    [InlineData("http://192.168.0.1/x", false)]
    public void Lists_name_hosts_ports_and_networks(string url, bool allowed)
    {
        var targets = new BranchTargets(
            ["bank.example", "*.bank.example", "*.shop.example:8443", "10.0.0.0/8"], ["secret.*", "10.9.0.0/16"]);

        // Whether a name is in the allowed network depends on its addresses. Only certain results are decided here.
        var certain = !url.Contains("example", StringComparison.Ordinal)
            || allowed
            || url.Contains("secret", StringComparison.Ordinal);
        Assert.Equal(allowed || !certain, targets.FindProblem(url) is null);
    }

    [Fact]
    public async Task A_name_is_judged_by_each_of_its_addresses_and_only_those_that_may_be_called_are()
    {
        var targets = new BranchTargets(["bank.example", "10.0.0.0/8"], ["10.9.0.0/16"]);

        Assert.Equal(
            ["10.1.1.1", "93.184.216.34"],
            await Resolve("bank.example", "10.1.1.1", "169.254.169.254", "10.9.1.1", "93.184.216.34"));
        Assert.Equal(["10.1.1.1"], await Resolve("other.example", "93.184.216.34", "10.1.1.1"));
        Assert.Contains(
            "10.9.0.0/16",
            (await Assert.ThrowsAsync<TargetDeniedException>(() => Resolve("bank.example", "10.9.1.1"))).Message,
            StringComparison.Ordinal);
        await Assert.ThrowsAsync<TargetDeniedException>(() => Resolve("other.example", "93.184.216.34"));
        await Assert.ThrowsAsync<SocketException>(() => Resolve("bank.example"));

        async Task<IEnumerable<string>> Resolve(string host, params string[] addresses) =>
            (await targets.Resolve(
                host,
                80,
                (_, _) => Task.FromResult(addresses.Select(IPAddress.Parse).ToArray()),
                Cancel)).Select(static a => a.ToString());
    }

    [Fact]
    public void An_address_that_is_special_may_be_called_when_it_is_allowed_by_name_of_its_network()
    {
        var targets = new BranchTargets(["*", "169.254.20.0/24"], [], denyPrivate: true);

        Assert.Null(targets.FindProblem("http://169.254.20.7/"));
        Assert.NotNull(targets.FindProblem("http://169.254.169.254/"));
        Assert.Contains("DenyPrivate", targets.FindProblem("http://127.0.0.1/"), StringComparison.Ordinal);
        Assert.Contains("DenyPrivate", targets.FindProblem("http://192.168.1.1/"), StringComparison.Ordinal);
        Assert.Null(targets.FindProblem("http://93.184.216.34/"));
    }

    /// <summary>
    /// One address of each entry of the IANA special-purpose address registries, also in other notations.
    /// </summary>
    [Theory]
    [InlineData("0.0.0.1")]
    [InlineData("10.0.0.1")]
    [InlineData("100.64.0.1")]
    [InlineData("127.0.0.1")]
    [InlineData("169.254.1.1")]
    [InlineData("172.31.0.1")]
    [InlineData("192.0.0.9")]
    [InlineData("192.0.2.1")]
    [InlineData("192.31.196.1")]
    [InlineData("192.52.193.1")]
    [InlineData("192.88.99.1")]
    [InlineData("192.168.0.1")]
    [InlineData("192.175.48.1")]
    [InlineData("198.19.255.1")]
    [InlineData("198.51.100.1")]
    [InlineData("203.0.113.1")]
    [InlineData("240.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("::ffff:0:93.184.216.34")]
    [InlineData("::ffff:0:10.1.2.3")]
    [InlineData("::ffff:10.1.2.3")]
    [InlineData("64:ff9b::10.1.2.3")]
    [InlineData("64:ff9b::198.18.0.1")]
    [InlineData("64:ff9b:1::1")]
    [InlineData("100::1")]
    [InlineData("100:0:0:1::1")]
    [InlineData("2001::1")]
    [InlineData("2001:1::1")]
    [InlineData("2001:2::1")]
    [InlineData("2001:3::1")]
    [InlineData("2001:4:112::1")]
    [InlineData("2001:10::1")]
    [InlineData("2001:20::1")]
    [InlineData("2001:30::1")]
    [InlineData("2001:db8::1")]
    [InlineData("2002:a01:203::1")]
    [InlineData("2002:c612:1::1")]
    [InlineData("2620:4f:8000::1")]
    [InlineData("3fff::1")]
    [InlineData("5f00::1")]
    [InlineData("fd00::1")]
    [InlineData("fe80::1")]
    [InlineData("ff02::1")]
    public async Task DenyPrivate_covers_special_purpose_addresses_unless_they_are_allowed(string text)
    {
        var address = IPAddress.Parse(text);

        Assert.Contains(
            "denied",
            (await Assert.ThrowsAsync<TargetDeniedException>(() => Resolve())).Message,
            StringComparison.Ordinal);
        Assert.Equal([address], await Resolve(text, "*"));

        async Task<IReadOnlyList<IPAddress>> Resolve(params string[] allow) =>
            await new BranchTargets(allow, [], denyPrivate: true).Resolve(
                "bank.example", 80, (_, _) => Task.FromResult<IPAddress[]>([address]), Cancel);
    }

    [Fact]
    public async Task DenyPrivate_covers_every_address_of_this_machine()
    {
        var own = System.Net.NetworkInformation.NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(static one => one.GetIPProperties().UnicastAddresses)
            .Select(static one => one.Address)
            .ToList();
        var targets = new BranchTargets([], [], denyPrivate: true);

        Assert.NotEmpty(own);
        foreach (var address in own)
        {
            await Assert.ThrowsAsync<TargetDeniedException>(
                async () => await targets.Resolve(
                    "bank.example", 80, (_, _) => Task.FromResult<IPAddress[]>([address]), Cancel));
        }

        var known = OwnAddresses.Contain;
        Assert.All(own, address => Assert.True(known(address.AddressFamily == AddressFamily.InterNetworkV6
            ? new IPAddress(address.GetAddressBytes())
            : address)));
        Assert.Null(targets.FindProblem("http://93.184.216.34/"));
        Assert.Null(targets.FindProblem("http://[2606:4700::1111]/"));
        Assert.Null(targets.FindProblem("http://[64:ff9b::5db8:d822]/"));
    }

    [Theory]
    [InlineData("bank.example", null, true)]
    [InlineData("BANK.example.", "https", true)]
    [InlineData("bank.example:8443", null, true)]
    [InlineData("shop.example", null, true)]
    [InlineData("shop.example", "https", true)]
    [InlineData("shop.example", "http", false)]
    [InlineData("shop.example:80", null, false)]
    [InlineData("evil.example", null, false)]
    [InlineData("secret.bank.example", null, false)]
    [InlineData("10.1.2.3", null, true)]
    [InlineData("10.9.2.3", "http", false)]
    [InlineData("127.0.0.1", null, false)]
    [InlineData("bank.example,evil.example", null, false)]
    [InlineData("user@bank.example", null, false)]
    public void A_Host_header_is_judged_as_a_URL_is(string host, string? scheme, bool allowed)
    {
        // With a network in the list every name is allowed until its addresses are known.
        string[] allow = char.IsAsciiDigit(host[0])
            ? ["10.0.0.0/8"]
            : ["bank.example", "*.bank.example", "shop.example:443"];

        Assert.Equal(
            allowed, new BranchTargets(allow, ["secret.*", "10.9.0.0/16"]).FindHostProblem(host, scheme) is null);
    }

    /// <summary>As in IPv6-only networks, where DNS64 maps IPv4 hosts to such addresses.</summary>
    [Theory]
    [InlineData("64:ff9b::")]
    [InlineData("::ffff:")]
    [InlineData("")]
    public async Task An_IPv4_address_in_the_dress_of_IPv6_is_judged_as_what_it_stands_for(string dress)
    {
        var targets = new BranchTargets(["*", "169.254.20.0/24", "10.1.0.0/16"], ["10.1.9.0/24"], denyPrivate: true);

        foreach (var allowed in new[] { "93.184.216.34", "10.1.2.3", "169.254.20.7" })
        {
            Assert.Equal([IPAddress.Parse(dress + allowed)], await Resolve(allowed));
        }

        foreach (var (denied, why) in new[]
        {
            ("10.1.9.3", "10.1.9.0/24"),
            ("169.254.169.254", "link-local"),
            ("10.2.0.1", "DenyPrivate"),
            ("127.0.0.1", "DenyPrivate"),
        })
        {
            Assert.Contains(
                why,
                (await Assert.ThrowsAsync<TargetDeniedException>(() => Resolve(denied))).Message,
                StringComparison.Ordinal);
        }

        async Task<IReadOnlyList<IPAddress>> Resolve(string address) =>
            await targets.Resolve(
                "bank.example", 80, (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse(dress + address)]), Cancel);
    }

    /// <summary>The embedded IPv4 address is that of the site's router, which forwards to any host behind it.</summary>
    [Theory]
    [InlineData("2002:5db8:d822::1", true)]
    [InlineData("2002:5db8:d823::1", false)]
    [InlineData("2002:a9fe:a9fe::1", false)]
    [InlineData("2002:a01:203::1", false)]
    public void The_IPv4_address_in_one_of_6to4_may_deny_it_and_never_allows_it(string address, bool allowed)
    {
        var url = $"http://[{address}]/x";

        Assert.Equal(allowed, new BranchTargets([], ["93.184.216.35"], denyPrivate: true).FindProblem(url) is null);
        Assert.NotNull(new BranchTargets(["93.184.216.0/24", "169.254.169.254", "10.0.0.0/8"], []).FindProblem(url));
        Assert.Null(new BranchTargets(["2002::/16"], []).FindProblem(url));
    }

    [Fact]
    public void What_is_the_router_s_of_a_6to4_site_is_not_its_hosts()
    {
        var certificates = new HostRules<string>([("93.184.216.34", "router"), ("2002:5db8:d822::/48", "site")]);

        Assert.Equal("router", certificates.Find("93.184.216.34"));
        Assert.Equal("router", certificates.Find("[64:ff9b::5db8:d822]"));
        Assert.Equal("site", certificates.Find("[2002:5db8:d822::1]"));
    }

    [Theory]
    [InlineData("10.0.0.0/99")]
    [InlineData("http://bank")]
    [InlineData("bank:0")]
    [InlineData("bank:http")]
    [InlineData("")]
    public void What_is_no_entry_is_not_taken_for_one(string rule) => Assert.False(BranchTargets.IsRule(rule));

    /// <summary>
    /// The name's address is harmless at the check and forbidden at the call. Includes all forms of gRPC targets.
    /// </summary>
    [Theory]
    [InlineData("http://rebind.test:{0}/Act", "http")]
    [InlineData("rebind.test:{0}/a.B/C", "grpc")]
    [InlineData("dns:///rebind.test:{0}/a.B/C", "grpc")]
    [InlineData("grpc://rebind.test:{0},rebind.test:{0}/a.B/C", "grpc")]
    public async Task A_name_that_leads_elsewhere_when_it_is_called_is_not_connected_to(string url, string protocol)
    {
        using var inside = new TcpListener(IPAddress.Loopback, 0);
        inside.Start();
        var lookups = 0;
        var options = new InvokerOptions
        {
            Targets = new BranchTargets([], ["127.0.0.0/8"]),
            ResolveHost = (_, _) =>
            {
                Interlocked.Increment(ref lookups);
                return Task.FromResult<IPAddress[]>([IPAddress.Loopback]);
            },
        };
        url = string.Format(
            System.Globalization.CultureInfo.InvariantCulture, url, ((IPEndPoint)inside.LocalEndpoint).Port);
        Assert.Null(options.Targets.FindProblem(url));

        using var http = new BranchHttpClient(options);
        using var grpc = new GrpcBranchInvoker(options, TimeProvider.System);
        var outcome = await new BranchInvokers(new HttpBranchInvoker(http), new JsonRpcBranchInvoker(http), grpc)
            .Invoke(Call(url, protocol), Cancel);

        Assert.Equal(OutcomeKind.Unknown, outcome.Kind);
        Assert.Contains("is denied (Branches:Deny, '127.0.0.0/8')", outcome.Error, StringComparison.Ordinal);
        Assert.False(inside.Pending());
        Assert.True(lookups > 0);
    }

    /// <summary>
    /// The connection uses the addresses of the first lookup. A changing name is not looked up again.
    /// </summary>
    [Fact]
    public async Task A_name_is_looked_up_once_and_the_connection_goes_to_that_address()
    {
        await using var busi = await Participant.Start();
        var answers = new Queue<IPAddress>([IPAddress.Loopback, IPAddress.Parse("169.254.169.254")]);
        var options = new InvokerOptions { ResolveHost = (_, _) => Task.FromResult<IPAddress[]>([answers.Dequeue()]) };
        using var http = new BranchHttpClient(options);
        var url = new UriBuilder(busi.Url + "/Act") { Host = "rebind.test" }.Uri.AbsoluteUri;

        var outcome = await new HttpBranchInvoker(http).Invoke(Call(url, "http"), Cancel);

        Assert.Equal(Outcome.Succeeded, outcome);
        Assert.Single(answers);
    }

    private static BranchInvocation Call(string url, string protocol) => new()
    {
        Gid = "targets",
        Type = TransactionType.Saga,
        Protocol = protocol,
        BranchId = "01",
        Op = "action",
        Url = url,
        Payload = "{}"u8.ToArray(),
    };
}
