using System.Globalization;

namespace OrleansDtm.Abstractions;

/// <summary>URLs of grain branches: <c>grain://GrainType/key/Method</c>, the key percent-encoded.</summary>
public static class BranchUrl
{
    public const string Scheme = "grain://";

    /// <summary>Whether the URL names a grain.</summary>
    public static bool IsGrain(string url)
    {
        ArgumentNullException.ThrowIfNull(url);
        return url.StartsWith(Scheme, StringComparison.Ordinal);
    }

    /// <summary>The default name of a grain interface in URLs: IAccountGrain is AccountGrain.</summary>
    public static string NameOf(Type grainInterface)
    {
        ArgumentNullException.ThrowIfNull(grainInterface);
        var name = grainInterface.Name;
        return name.Length > 1 && name[0] == 'I' && char.IsUpper(name[1]) ? name[1..] : name;
    }

    /// <param name="key">Key of the grain.</param>
    /// <param name="method">For example nameof(IAccountGrain.Deposit).</param>
    public static string Of<TGrainInterface>(string key, string method)
        where TGrainInterface : IGrainWithStringKey => Of(NameOf(typeof(TGrainInterface)), key, method);

    /// <inheritdoc cref="Of{TGrainInterface}(string, string)"/>
    public static string Of<TGrainInterface>(long key, string method)
        where TGrainInterface : IGrainWithIntegerKey =>
        Of(NameOf(typeof(TGrainInterface)), key.ToString(CultureInfo.InvariantCulture), method);

    /// <inheritdoc cref="Of{TGrainInterface}(string, string)"/>
    public static string Of<TGrainInterface>(Guid key, string method)
        where TGrainInterface : IGrainWithGuidKey => Of(NameOf(typeof(TGrainInterface)), key.ToString(), method);

    /// <param name="grain">The registered name of the interface.</param>
    /// <param name="key">Key of the grain: a string, an integer or a guid.</param>
    /// <param name="method">The method's name.</param>
    public static string Of(string grain, string key, string method) =>
        $"{Scheme}{grain}/{Uri.EscapeDataString(key)}/{method}";
}
