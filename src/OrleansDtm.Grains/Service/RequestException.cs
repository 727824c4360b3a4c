namespace OrleansDtm.Grains.Service;

/// <summary>Thrown for an invalid request; the message starts with the field's name.</summary>
public sealed class RequestException(string field, string problem) : Exception($"{field}: {problem}")
{
    public string Field { get; } = field;
}
