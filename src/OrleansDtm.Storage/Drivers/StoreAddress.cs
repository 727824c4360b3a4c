namespace OrleansDtm.Storage.Drivers;

/// <summary>The settings that say where a database is. A driver uses those that apply to it. Empty = not set.</summary>
public sealed record StoreAddress
{
    /// <summary>The path of a file.</summary>
    public string Path { get; init; } = "";

    /// <summary>The whole address. If it is set, the parts below are not used.</summary>
    public string ConnectionString { get; init; } = "";

    public string Host { get; init; } = "";

    /// <summary>0 = the default port of the database.</summary>
    public int Port { get; init; }

    public string User { get; init; } = "";

    public string Password { get; init; } = "";

    /// <summary>The name of the database.</summary>
    public string Database { get; init; } = "";

    /// <summary>Without the password.</summary>
    public override string ToString() => nameof(StoreAddress);
}

/// <summary>A setting that does not fit the driver.</summary>
/// <param name="Setting">Its name.</param>
/// <param name="Value">Its value, which is shown.</param>
/// <param name="Expected">What it should be: completes the sentence "'value' is not ...".</param>
public sealed record SettingProblem(string Setting, string Value, string Expected);
