using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansDtm.Cli.Api;

namespace OrleansDtm.Cli;

/// <summary>A run of a command against a coordinator.</summary>
internal sealed class Session : IDisposable
{
    public const string ServerVariable = "ODTM_SERVER";

    public const string NamespaceVariable = "ODTM_NAMESPACE";

    private const string DefaultServer = "http://localhost:36789";

    private static readonly JsonSerializerOptions OneLine = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static readonly JsonSerializerOptions Readable = new(OneLine) { WriteIndented = true };

    private readonly bool _isConfirmed;

    /// <exception cref="OdtmException">A global option is invalid.</exception>
    public Session(ParseResult parsed, GlobalOptions options, Terminal terminal)
    {
        Terminal = terminal;
        IsJson = parsed.GetValue(options.Output) == GlobalOptions.Json;
        _isConfirmed = parsed.GetValue(options.Yes);
        Coordinator = new Coordinator(
            Url(parsed.GetValue(options.Server), terminal),
            Credential.Of(parsed.GetValue(options.KeyFile), terminal.Variable),
            parsed.GetValue(options.Namespace) ?? terminal.Variable(NamespaceVariable) ?? "",
            TimeSpan.FromSeconds(parsed.GetValue(options.Timeout)));
    }

    public Terminal Terminal { get; }

    public Coordinator Coordinator { get; }

    public bool IsJson { get; }

    public DateTime Now => Terminal.Clock.GetUtcNow().UtcDateTime;

    public void WriteJson(JsonNode document, bool onOneLine = false) =>
        Terminal.Out.WriteLine(onOneLine ? Line(document) : document.ToJsonString(Readable));

    /// <summary>A document as one line.</summary>
    public static string Line(JsonNode document) => document.ToJsonString(OneLine);

    /// <summary>Reports a change that was made.</summary>
    /// <param name="sentence">For people.</param>
    /// <param name="facts">For programs; "result" is added.</param>
    public void Report(string sentence, JsonObject facts)
    {
        if (IsJson)
        {
            facts["result"] = "done";
            WriteJson(facts);
            return;
        }

        Terminal.Out.WriteLine(sentence);
    }

    /// <summary>Asks before a change that cannot be undone, unless --yes is given.</summary>
    /// <exception cref="OdtmException">The user declined, or there is no terminal to ask on.</exception>
    public void Confirm(string effect)
    {
        if (_isConfirmed)
        {
            return;
        }

        if (!Terminal.IsInteractive)
        {
            throw OdtmException.Misuse($"{effect} Add --yes to confirm it: there is no terminal to ask on.");
        }

        Terminal.Error.Write($"{effect} Continue? [y/N] ");
        if (Terminal.In.ReadLine()?.Trim() is not ("y" or "Y" or "yes"))
        {
            throw new OdtmException(ExitCodes.Failed, "Nothing was changed.");
        }
    }

    public void Dispose() => Coordinator.Dispose();

    private static Uri Url(string? given, Terminal terminal)
    {
        var (text, name) = given is not null
            ? (given, "--server")
            : (terminal.Variable(ServerVariable), ServerVariable);
        text = string.IsNullOrWhiteSpace(text) ? DefaultServer : text;
        return !Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https")
                ? throw OdtmException.Misuse($"{name}: '{text}' is not a URL such as {DefaultServer}.")
            : url.UserInfo.Length > 0
                ? throw OdtmException.Misuse(
                    $"{name}: the URL must not contain a user or password. Set {Credential.KeyVariable}.")
            : url;
    }
}
