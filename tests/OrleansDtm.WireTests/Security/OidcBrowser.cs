using System.Net;
using System.Text.Json.Nodes;
using Xunit;

namespace OrleansDtm.WireTests.Security;

/// <summary>A browser that signs in at an issuer, step by step: it keeps cookies and follows no redirect.</summary>
internal sealed class OidcBrowser : IDisposable
{
    private readonly CookieContainer _cookies = new();
    private readonly HttpClient _http;
    private readonly Uri _page;

    /// <param name="server">The coordinator.</param>
    /// <param name="page">The path of its page.</param>
    public OidcBrowser(Uri server, string page = "/")
    {
        _page = new Uri(server, page);
        _http = new HttpClient(new SocketsHttpHandler { CookieContainer = _cookies, AllowAutoRedirect = false });
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public string? SessionCookie => _cookies.GetCookies(_page)["orleansdtm-session"]?.ToString();

    /// <summary>Starts a sign-in: the URL at the issuer, or of the page with a message.</summary>
    public Task<Uri> Begin(params (string Name, string Value)[] headers) => Follow(
        new Uri(_page, "ui/oidc/sign-in"), headers);

    /// <summary>Opens a URL: where it redirects to.</summary>
    public async Task<Uri> Follow(Uri url, params (string Name, string Value)[] headers)
    {
        using var answer = await Get(url, headers);
        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        return new Uri(url, answer.Headers.Location!);
    }

    public async Task<HttpResponseMessage> Get(Uri url, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        foreach (var (name, value) in headers)
        {
            request.Headers.Add(name, value);
        }

        return await _http.SendAsync(request, Cancel);
    }

    /// <summary>All steps: the URL of the page at the end.</summary>
    public async Task<Uri> SignIn() => await Follow(await Follow(await Begin()));

    /// <summary>The session of the page: its JSON, or the refusal.</summary>
    public async Task<(HttpStatusCode Status, JsonNode Body)> Session()
    {
        using var answer = await _http.GetAsync(new Uri(_page, "ui/session"), Cancel);
        return (answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancel))!);
    }

    /// <summary>Signs out: the URL that ends the session at the issuer.</summary>
    public async Task<Uri> SignOut()
    {
        using var request = new HttpRequestMessage(HttpMethod.Delete, new Uri(_page, "ui/session"));
        request.Headers.Add("X-Csrf-Token", (string)(await Session()).Body["csrf"]!);
        using var answer = await _http.SendAsync(request, Cancel);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return new Uri((string)JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancel))!["sign_out_url"]!);
    }

    /// <summary>Another browser with the same cookies: of a thief, or of the same one later.</summary>
    /// <param name="server">Another coordinator; null = the same.</param>
    public OidcBrowser Copy(Uri? server = null)
    {
        var copy = new OidcBrowser(server ?? _page, _page.AbsolutePath);
        copy._cookies.Add(_page, [.. _cookies.GetAllCookies().Select(static one => new Cookie(one.Name, one.Value))]);
        return copy;
    }

    public void Dispose() => _http.Dispose();
}
