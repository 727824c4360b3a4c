using System.Net;
using OrleansDtm.Core;
using OrleansDtm.Invokers;
using OrleansDtm.Tests.Support.Grpc;
using OrleansDtm.Tests.Support.Invokers;
using Xunit;

namespace OrleansDtm.UnitTests.Invokers;

/// <summary>Calls through a proxy, and the calls that bypass it.</summary>
public sealed class ProxyTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_plain_call_is_handed_to_the_proxy_with_its_password_and_the_name_is_the_proxys_to_look_up()
    {
        await using var bank = await BankService.Start();
        await using var proxy = new HttpProxy(Place(bank.Url));
        using var http = Client(proxy, [], BranchTargets.Default);

        Assert.Equal(Outcome.Succeeded, await Call(http, "http://bank.example/a"));

        Assert.Equal("bank.example", Assert.Single(bank.Seen).Host);
        Assert.StartsWith("GET http://bank.example/a?", Assert.Single(proxy.Asked), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TLS_goes_through_a_tunnel_gRPC_too()
    {
        using var certificate = SelfSigned.Create();
        await using var busi = await GrpcParticipant.Start(certificate);
        await using var proxy = new HttpProxy(Place("https://" + busi.Host));

        // The certificate is for 127.0.0.1, a name that never uses the proxy. A certificate error thus proves that the
        // call reached the service.
        var options = Options(proxy, [], BranchTargets.Default) with { TrustedRoots = () => [certificate] };
        using var http = new BranchHttpClient(options);
        using var grpc = new GrpcBranchInvoker(options, TimeProvider.System);
        Assert.Contains(
            "certificate", (await Call(http, "https://bank.example/a")).Error, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(
            OutcomeKind.Unknown, (await grpc.Invoke(Invocation("grpcs://bank.example/test.Busi/Act"), Token)).Kind);

        Assert.StartsWith("CONNECT bank.example:443 ", proxy.Asked[0], StringComparison.Ordinal);
        Assert.StartsWith("CONNECT bank.example:443 ", proxy.Asked[^1], StringComparison.Ordinal);
        Assert.True(proxy.Asked.Count >= 2);
    }

    [Fact]
    public async Task This_machine_and_what_the_settings_name_are_called_without_it()
    {
        await using var bank = await BankService.Start();
        await using var proxy = new HttpProxy(Place(bank.Url));
        using var http = Client(proxy, ["*.internal", "10.0.0.0/8", "shop.example:8080"], BranchTargets.Default);

        Assert.Equal(Outcome.Succeeded, await Call(http, bank.Url + "/a"));
        Assert.Empty(proxy.Asked);

        var direct = new BranchProxy(new Uri("http://proxy:3128"), ["*.internal", "10.0.0.0/8", "shop.example:8080"]);
        Assert.All(
            [
                "http://localhost/", "http://[::1]/", "https://a.internal/", "http://10.1.2.3/",
                "http://shop.example:8080/", "http://127.0.0.9:1/",
            ],
            url => Assert.True(direct.IsBypassed(new Uri(url)), url));
        Assert.All(
            ["http://internal/", "http://11.1.2.3/", "http://shop.example/"],
            url => Assert.False(direct.IsBypassed(new Uri(url)), url));
    }

    [Theory]
    [InlineData("http://169.254.169.254/latest", "", "", "169.254.169.254:80 is denied")]
    [InlineData("http://10.1.1.1/a", "", "", "Branches:DenyPrivate")]
    [InlineData("http://evil.example/a", "", "*.example", "is denied (Branches:Deny")]
    [InlineData("http://evil.example/a", "bank.example", "", "is not allowed (Branches:Allow)")]
    // A network in Branches:Allow cannot match, because the proxy resolves the name.
    [InlineData("http://evil.example/a", "10.0.0.0/8", "", "is not allowed (Branches:Allow)")]
    public async Task The_rules_judge_what_the_proxy_is_asked_for(string url, string allow, string deny, string words)
    {
        await using var bank = await BankService.Start();
        await using var proxy = new HttpProxy(Place(bank.Url));
        var targets = new BranchTargets(
            allow.Length == 0 ? [] : [allow], deny.Length == 0 ? [] : [deny], denyPrivate: true);
        using var http = Client(proxy, [], targets);

        var outcome = await Call(http, url);

        Assert.Equal(OutcomeKind.Unknown, outcome.Kind);
        Assert.Contains(words, outcome.Error, StringComparison.Ordinal);
        Assert.Empty(proxy.Asked);
    }

    [Fact]
    public void Its_password_is_not_part_of_its_address()
    {
        var proxy = new BranchProxy(new Uri("http://me:p%40ss@proxy.corp:3128"), []);
        var own = Assert.IsType<NetworkCredential>(proxy.Credentials);
        Assert.Equal(("me", "p@ss"), (own.UserName, own.Password));
        Assert.Equal("http://proxy.corp:3128/", proxy.GetProxy(new Uri("http://bank/")).AbsoluteUri);
    }

    private static IPEndPoint Place(string url) => new(IPAddress.Loopback, new Uri(url).Port);

    private static InvokerOptions Options(HttpProxy proxy, string[] direct, BranchTargets targets) => new()
    {
        // The rule that local names bypass the proxy applies to targets; the proxy itself may be local.
        Proxy = new BranchProxy(new Uri($"http://127.0.0.1:{proxy.Port}"), direct),
        Targets = targets,
    };

    private static BranchHttpClient Client(HttpProxy proxy, string[] direct, BranchTargets targets) =>
        new(Options(proxy, direct, targets));

    private static Task<Outcome> Call(BranchHttpClient http, string url) =>
        new HttpBranchInvoker(http).Invoke(Invocation(url), Token);

    private static BranchInvocation Invocation(string url) => new()
    {
        Gid = "g1",
        Type = TransactionType.Saga,
        Protocol = "http",
        BranchId = "01",
        Op = "action",
        Url = url,
    };
}
