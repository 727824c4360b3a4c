namespace OrleansDtm.Grains.Audit;

/// <summary>The caller of a request, as the audit log names it.</summary>
/// <param name="Kind">What authenticated the caller; one of the constants of this type.</param>
/// <param name="Name">Name of the key, subject of the token, or id of the Orleans client; empty = anonymous.</param>
/// <param name="Role">The caller's role; empty = none.</param>
/// <param name="Address">The caller's IP address; empty = unknown.</param>
public sealed record Requester(string Kind, string Name, string Role, string Address)
{
    /// <summary>An API key.</summary>
    public const string Key = "key";

    /// <summary>A token.</summary>
    public const string Token = "token";

    /// <summary>A sign-in of the admin page.</summary>
    public const string Session = "session";

    /// <summary>An Orleans client or silo, which the cluster's network or TLS admits.</summary>
    public const string Orleans = "orleans";

    /// <summary>No authentication.</summary>
    public const string Anonymous = "anonymous";

    /// <summary>The namespace of the request; empty = the default one, also in jobs of earlier versions.</summary>
    public string Namespace
    {
        get => _namespace ?? "";
        init => _namespace = value;
    }

    /// <summary>The maximum number of unfinished transactions; 0 (default) = unlimited.</summary>
    public int UnfinishedMax { get; init; }

    private readonly string? _namespace;

    /// <summary>Maximum length of <see cref="Describe"/>.</summary>
    private const int DescriptionMax = 200;

    /// <summary>Describes the caller in a sentence, for reasons of a stop: <c>key 'ops' from 10.0.0.7</c>.</summary>
    public string Describe()
    {
        var who = Name.Length == 0 ? Kind : $"{Kind} '{string.Concat(Name.Where(static c => !char.IsControl(c)))}'";
        var text = Address.Length == 0 ? who : $"{who} from {Address}";
        return text.Length <= DescriptionMax ? text : text[..DescriptionMax];
    }
}
