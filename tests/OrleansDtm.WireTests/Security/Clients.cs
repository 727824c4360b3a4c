using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Xunit;

namespace OrleansDtm.WireTests.Security;

/// <summary>The headers of browsers and other clients, and raw requests that no HTTP library sends.</summary>
internal static class Clients
{
    /// <summary>
    /// The headers of a browser over plain HTTP. It sends Sec-Fetch headers only to localhost and over TLS.
    /// </summary>
    public static IReadOnlyDictionary<string, string> Browsers { get; } = new Dictionary<string, string>
    {
        ["page"] = "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        ["image"] = "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0)|Accept: image/avif,image/webp,*/*",
        ["fetch"] = "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0)|Accept: */*|Accept-Language: en",
        ["fetch without agent"] = "User-Agent: node|Accept: */*|Accept-Language: *",
        ["referer"] = "Referer: http://evil.test/",
        ["origin"] = "Origin: http://evil.test",
        ["site"] = "Sec-Fetch-Site: none",
    };

    public static IReadOnlyDictionary<string, string> Others { get; } = new Dictionary<string, string>
    {
        ["nothing"] = "",
        ["go"] = "User-Agent: Go-http-client/1.1|Accept-Encoding: gzip",
        ["node"] =
            "User-Agent: node|Accept: */*|Accept-Language: *|Sec-Fetch-Mode: cors|Accept-Encoding: gzip, deflate",
        ["java"] = "User-Agent: Java/21|Accept: text/html, image/gif, image/jpeg, */*; q=0.2",
        ["curl"] = "User-Agent: curl/8.5.0|Accept: */*",
    };

    /// <param name="server">The server's address.</param>
    /// <param name="request">The method and the path.</param>
    /// <param name="host">The Host header.</param>
    /// <param name="headers">The headers, separated by |.</param>
    public static async Task<(HttpStatusCode Status, string Text)> Send(
        Uri server, string request, string host, string headers = "")
    {
        using var client = new TcpClient();
        await client.ConnectAsync(server.Host, server.Port, TestContext.Current.CancellationToken);
        await using var stream = client.GetStream();
        var more = headers.Length == 0
            ? ""
            : string.Concat(headers.Split('|').Select(static header => header + "\r\n"));
        var text = $"{request} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n{more}Connection: close\r\n\r\n";
        await stream.WriteAsync(Encoding.UTF8.GetBytes(text), TestContext.Current.CancellationToken);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        var answer = await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
        return ((HttpStatusCode)int.Parse(answer.AsSpan(9, 3), CultureInfo.InvariantCulture), answer);
    }
}
