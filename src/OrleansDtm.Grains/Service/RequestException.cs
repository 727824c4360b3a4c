namespace OrleansDtm.Grains.Service;

/// <summary>A request that cannot be understood or accepted as it is; the message starts with the field's name.</summary>
public sealed class RequestException(string field, string problem) : Exception($"{field}: {problem}")
{
    public string Field { get; } = field;
}
