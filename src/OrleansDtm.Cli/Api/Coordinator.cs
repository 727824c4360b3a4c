using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using OrleansDtm.Cli.Output;
using OrleansDtm.Protocol;

namespace OrleansDtm.Cli.Api;

/// <summary>An answer of the coordinator.</summary>
/// <param name="View">The answer as the commands read it.</param>
/// <param name="Json">The whole answer, with fields that this version does not know.</param>
internal sealed record Answer<T>(T View, JsonObject Json);

/// <summary>
/// The HTTP API of a coordinator. Each failure is an <see cref="OdtmException"/> that says what to do.
/// </summary>
internal sealed class Coordinator : IDisposable
{
    private readonly HttpClient _http;
    private readonly Uri _api;
    private readonly double _seconds;

    /// <param name="server">The URL of the HTTP port, with the path of a proxy.</param>
    /// <param name="credential">A key or token.</param>
    /// <param name="space">The namespace; empty = that of the key, or the default one.</param>
    /// <param name="timeout">Of one request.</param>
    /// <exception cref="OdtmException">The namespace cannot be sent.</exception>
    public Coordinator(Uri server, Credential credential, string space, TimeSpan timeout)
    {
        Server = server;
        _api = new Uri(server.GetLeftPart(UriPartial.Path).TrimEnd('/') + "/api/dtmsvr/");
        _seconds = timeout.TotalSeconds;
        _http = new HttpClient { Timeout = timeout };
        _http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("odtm", OdtmProgram.Version));
        credential.AddTo(_http.DefaultRequestHeaders);
        if (space.Length > 0)
        {
            // The coordinator checks the name; here it must only be a header.
            _http.DefaultRequestHeaders.Add(
                NamespaceHeader.Name,
                space.All(static c => c is > ' ' and < '\x7f')
                    ? space
                    : throw OdtmException.Misuse($"--namespace: '{space}' is not the name of a namespace."));
        }
    }

    public Uri Server { get; }

    /// <summary>Its URL, for messages.</summary>
    public string Name => Server.GetLeftPart(UriPartial.Path).TrimEnd('/');

    public Task<Answer<T>> Get<T>(string path, JsonTypeInfo<T> type, CancellationToken cancel) =>
        Send(HttpMethod.Get, path, null, type, cancel);

    /// <summary>Makes a change that is answered with dtm_result.</summary>
    public Task<Answer<ResultView>> Post(string path, JsonObject? body, CancellationToken cancel) =>
        Send(HttpMethod.Post, path, body, ProtocolJson.Default.ResultView, cancel);

    /// <summary>Makes a change that is answered with data.</summary>
    public Task<Answer<T>> Post<T>(string path, JsonObject? body, JsonTypeInfo<T> type, CancellationToken cancel) =>
        Send(HttpMethod.Post, path, body, type, cancel);

    public Task<Answer<ResultView>> Delete(string path, CancellationToken cancel) =>
        Send(HttpMethod.Delete, path, null, ProtocolJson.Default.ResultView, cancel);

    public void Dispose() => _http.Dispose();

    private async Task<Answer<T>> Send<T>(
        HttpMethod method, string path, JsonObject? body, JsonTypeInfo<T> type, CancellationToken cancel)
    {
        var (status, text) = await Exchange(method, path, body, cancel);
        if (status == HttpStatusCode.OK)
        {
            return Parse(text, type) ?? throw NotACoordinator("its answer is not the JSON of a coordinator");
        }

        var message = Parse(text, ProtocolJson.Default.ResultView)?.View.Message;
        if (message is null && status is HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed)
        {
            throw await Unknown(path.Split('?', '/')[0], cancel);
        }

        throw message is null && status == HttpStatusCode.BadRequest
            ? NotACoordinator(Brief(text))
            : Refusal(status, message ?? Brief(text));
    }

    private async Task<(HttpStatusCode Status, string Text)> Exchange(
        HttpMethod method, string path, JsonObject? body, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(method, new Uri(_api, path));
        if (body is not null)
        {
            request.Content = new StringContent(
                body.ToJsonString(), MediaTypeHeaderValue.Parse("application/json"));
        }

        try
        {
            using var answer = await _http.SendAsync(request, cancel);
            return (answer.StatusCode, await answer.Content.ReadAsStringAsync(cancel));
        }
        catch (TaskCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new OdtmException(ExitCodes.Unreachable, string.Create(
                CultureInfo.InvariantCulture,
                $"{Name} did not answer within {_seconds:0.###} s. Try again, or give it more time with --timeout."));
        }
        catch (HttpRequestException e)
        {
            throw Unreachable(e);
        }
    }

    private OdtmException Unreachable(HttpRequestException e) => e switch
    {
        { HttpRequestError: HttpRequestError.SecureConnectionError } => new OdtmException(
            ExitCodes.Unreachable,
            $"{Name}: TLS failed: {Brief((e.InnerException ?? e).Message)}. Check the certificate, and whether the "
            + "port speaks https or http."),
        {
            HttpRequestError: HttpRequestError.InvalidResponse or HttpRequestError.HttpProtocolError
            or HttpRequestError.ResponseEnded
        } =>
            NotACoordinator("it does not answer HTTP/1.1, perhaps it is the gRPC port or needs https"),
        { InnerException: SocketException socket } => new OdtmException(
            ExitCodes.Unreachable,
            $"{Name} cannot be reached: {Brief(socket.Message)}. Start the coordinator, or set --server or "
            + $"{Session.ServerVariable} to the URL of its HTTP port."),
        _ => new OdtmException(
            ExitCodes.Unreachable,
            $"{Name} cannot be reached: {Brief(e.Message)}. Check --server or {Session.ServerVariable}."),
    };

    private OdtmException NotACoordinator(string why) => new(
        ExitCodes.Unreachable,
        $"{Name} is not a coordinator's HTTP port: {why}. Set --server or {Session.ServerVariable} to the URL of "
        + "HttpPort (default 36789).");

    /// <summary>The route does not exist: another program, or an older coordinator.</summary>
    private async Task<OdtmException> Unknown(string operation, CancellationToken cancel)
    {
        var (status, text) = await Exchange(HttpMethod.Get, "version", null, cancel);
        var version = status == HttpStatusCode.OK ? Parse(text, ProtocolJson.Default.VersionView)?.View.Version : null;
        return version is null
            ? NotACoordinator("it does not know the API")
            : new OdtmException(
                ExitCodes.Failed,
                $"{Name} runs version {version}, which does not have '{operation}' (odtm {OdtmProgram.Version}). "
                + "Update the coordinator.");
    }

    private OdtmException Refusal(HttpStatusCode status, string message) => status switch
    {
        HttpStatusCode.BadRequest => OdtmException.Misuse($"{Name} refused an argument: {message}"),
        HttpStatusCode.Unauthorized => new OdtmException(
            ExitCodes.Refused,
            $"{Name} answered 401: {message}. Set {Credential.KeyVariable} or {Credential.TokenVariable}, or use "
            + "--key-file."),
        HttpStatusCode.Forbidden => new OdtmException(
            ExitCodes.Refused, $"{Name} answered 403: {message}. Use a key or token with that role."),
        HttpStatusCode.NotFound => new OdtmException(ExitCodes.NotFound, $"{Name} answered 404: {message}."),
        HttpStatusCode.Conflict => new OdtmException(ExitCodes.Failed, $"Not possible: {message}"),
        HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable => new OdtmException(
            ExitCodes.Unreachable, $"{Name} answered {(int)status}: {message}. Try again."),
        _ => new OdtmException(ExitCodes.Failed, $"{Name} answered {(int)status}: {message}"),
    };

    /// <summary>Null = not a JSON object of this type.</summary>
    private static Answer<T>? Parse<T>(string text, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonNode.Parse(text) is JsonObject json && json.Deserialize(type) is { } view
                ? new Answer<T>(view, json)
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Brief(string text)
    {
        var line = Words.Clean(text).Trim().TrimEnd('.');
        return line.Length == 0 ? "no message" : line.Length <= 200 ? line : line[..200] + "...";
    }
}
