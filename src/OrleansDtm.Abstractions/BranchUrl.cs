using System.Globalization;

namespace OrleansDtm.Abstractions;

/// <summary>URLs of branches that are grain calls: <c>grain://GrainType/key/Method</c>, the key percent-encoded.</summary>
public static class BranchUrl
{
    public const string Scheme = "grain://";

    /// <summary>Whether the URL names a grain.</summary>
    public static bool IsGrain(string url)
    {
        ArgumentNullException.ThrowIfNull(url);
        return url.StartsWith(Scheme, StringComparison.Ordinal);
    }

    /// <summary>The name of a grain interface in URLs, unless it was registered under another: IAccountGrain is AccountGrain.</summary>
    public static string NameOf(Type grainInterface)
    {
        ArgumentNullException.ThrowIfNull(grainInterface);
        var name = grainInterface.Name;
        return name.Length > 1 && name[0] == 'I' && char.IsUpper(name[1]) ? name[1..] : name;
    }

    /// <param name="key">Of the grain.</param>
    /// <param name="method">nameof(IAccountGrain.Deposit), say.</param>
    public static string Of<TGrainInterface>(string key, string method)
        where TGrainInterface : IGrainWithStringKey => Of(NameOf(typeof(TGrainInterface)), key, method);

    /// <inheritdoc cref="Of{TGrainInterface}(string, string)"/>
    public static string Of<TGrainInterface>(long key, string method)
        where TGrainInterface : IGrainWithIntegerKey =>
        Of(NameOf(typeof(TGrainInterface)), key.ToString(CultureInfo.InvariantCulture), method);

    /// <inheritdoc cref="Of{TGrainInterface}(string, string)"/>
    public static string Of<TGrainInterface>(Guid key, string method)
        where TGrainInterface : IGrainWithGuidKey => Of(NameOf(typeof(TGrainInterface)), key.ToString(), method);

    /// <param name="grain">The name under which the interface was registered.</param>
    /// <param name="key">Of the grain: text, a whole number or a guid.</param>
    /// <param name="method">The method's name.</param>
    public static string Of(string grain, string key, string method) => $"{Scheme}{grain}/{Uri.EscapeDataString(key)}/{method}";
}
