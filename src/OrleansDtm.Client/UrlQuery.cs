using System.Text;

namespace OrleansDtm.Client;

/// <summary>Adds parameters to a URL with or without a query.</summary>
internal sealed class UrlQuery(string url)
{
    private readonly StringBuilder _text = new(url);
    private bool _any = url.Contains('?', StringComparison.Ordinal);

    /// <summary>Null adds nothing.</summary>
    public UrlQuery Add(string name, string? value)
    {
        if (value is not null)
        {
            _text.Append(_any ? '&' : '?').Append(name).Append('=').Append(Uri.EscapeDataString(value));
            _any = true;
        }

        return this;
    }

    public override string ToString() => _text.ToString();
}
