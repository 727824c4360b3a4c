using System.Collections.Immutable;
using System.Globalization;
using OrleansDtm.Core;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Service;

/// <summary>Validates the tags of a submission and those of a search.</summary>
internal static class TagRules
{
    /// <summary>
    /// The branch header that sets tags: <c>order=4711,shop=7</c>. For SDKs that know no tags. It is not sent to
    /// branches.
    /// </summary>
    public const string Header = "x-dtm-tags";

    private const string Field = "tags";
    private const string ParameterName = "tag";

    /// <summary>Returns true if the name is that of the header with tags.</summary>
    public static bool IsHeader(string name) => name.Equals(Header, StringComparison.OrdinalIgnoreCase);

    /// <summary>Returns the tags of a request. If field and header set the same key, the field wins.</summary>
    /// <param name="tags">The field; null = none.</param>
    /// <param name="headers">The branch headers; null = none.</param>
    /// <param name="space">The namespace; empty = the default one. Its name is stored with each tag.</param>
    /// <exception cref="RequestException">A tag is invalid, or there are too many.</exception>
    public static ImmutableSortedDictionary<string, string> Check(
        Dictionary<string, string?>? tags, Dictionary<string, string?>? headers, string space)
    {
        var fromHeader = headers is null ? null : OfHeader(headers);
        if (fromHeader is null && tags is not { Count: > 0 })
        {
            return TransactionTags.None;
        }

        var all = TransactionTags.None.ToBuilder();
        foreach (var (key, value) in fromHeader ?? [])
        {
            all[key] = value;
        }

        foreach (var (key, value) in tags ?? [])
        {
            CheckKey(Field, key);
            all[key] = value is null
                ? throw new RequestException(Field, $"'{RequestValidator.Printable(key)}' has no value")
                : CheckValue(Field, key, value);
        }

        foreach (var (key, value) in all)
        {
            CheckStored(key, value, space);
        }

        return all.Count <= TransactionTags.CountMax
            ? all.ToImmutable()
            : throw new RequestException(
                Field,
                string.Create(
                    CultureInfo.InvariantCulture, $"has {all.Count} tags; the maximum is {TransactionTags.CountMax}"));
    }

    /// <summary>Parses the parameter of a search: <c>order:4711,shop:7*</c>; null or empty = no tags.</summary>
    /// <exception cref="RequestException">It is invalid.</exception>
    public static IReadOnlyList<TagFilter> Parse(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return [];
        }

        var parts = text.Split(TransactionTags.ListSeparator);
        return parts.Length <= TransactionTags.CountMax
            ? [.. parts.Select(Parse)]
            : throw new RequestException(
                ParameterName,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"has {parts.Length} tags; the maximum is {TransactionTags.CountMax}"));

        static TagFilter Parse(string part)
        {
            var colon = part.IndexOf(TransactionTags.Separator, StringComparison.Ordinal);
            if (colon < 0)
            {
                throw new RequestException(
                    ParameterName,
                    $"'{RequestValidator.Printable(part)}' is not key:value or key:prefix*, such as order:4711");
            }

            CheckKey(ParameterName, part[..colon]);
            var isPrefix = part.EndsWith('*');
            var searched = isPrefix ? part[..^1] : part;
            if (!isPrefix || searched.Length > colon + 1)
            {
                CheckValue(ParameterName, part[..colon], searched[(colon + 1)..], isPrefix);
            }

            return new TagFilter(searched, isPrefix);
        }
    }

    private static Dictionary<string, string>? OfHeader(Dictionary<string, string?> headers)
    {
        Dictionary<string, string>? found = null;
        foreach (var (name, text) in headers)
        {
            if (!IsHeader(name) || string.IsNullOrEmpty(text))
            {
                continue;
            }

            const string where = "branch_headers." + Header;
            found ??= new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var part in text.Split(TransactionTags.ListSeparator))
            {
                var equals = part.IndexOf('=', StringComparison.Ordinal);
                if (equals < 0)
                {
                    throw new RequestException(
                        where, $"'{RequestValidator.Printable(part)}' is not key=value; write order=4711,shop=7");
                }

                var key = part[..equals].Trim();
                CheckKey(where, key);
                found[key] = CheckValue(where, key, part[(equals + 1)..].Trim());
            }
        }

        return found;
    }

    private static void CheckStored(string key, string value, string space)
    {
        const int max = TransactionTags.KeyMax + TransactionTags.ValueMax;
        if (key.Length + value.Length + Namespaces.Added(space) > max)
        {
            throw new RequestException(
                Field, $"key and value of '{key}' together: {RequestValidator.TooLong(key + value, space, max)}");
        }
    }

    private static void CheckKey(string field, string key)
    {
        CheckText(field, "key", key, TransactionTags.KeyMax);
        if (key.AsSpan().ContainsAny(":=,*"))
        {
            throw new RequestException(
                field, $"the key '{RequestValidator.Printable(key)}' contains one of : = , *, which separate tags");
        }
    }

    private static string CheckValue(string field, string key, string value, bool isPrefix = false)
    {
        CheckText(field, $"value of '{RequestValidator.Printable(key)}'", value, TransactionTags.ValueMax, isPrefix);
        return value.Contains(TransactionTags.ListSeparator, StringComparison.Ordinal) || value.EndsWith('*')
            ? throw new RequestException(
                field,
                $"the value of '{RequestValidator.Printable(key)}' contains a comma or ends with *, which have a "
                + "meaning in searches")
            : value;
    }

    /// <param name="isPrefix">The text may end with white space.</param>
    private static void CheckText(string field, string what, string text, int lengthMax, bool isPrefix = false)
    {
        if (text.Length == 0 || text.Length > lengthMax)
        {
            throw new RequestException(
                field,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"the {what} has {text.Length} characters; it must have 1 to {lengthMax}"));
        }

        if (char.IsWhiteSpace(text[0]) || (!isPrefix && char.IsWhiteSpace(text[^1])))
        {
            throw new RequestException(field, $"the {what} starts or ends with white space");
        }

        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsControl(text[i]))
            {
                throw new RequestException(
                    field,
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"the {what} contains the control character U+{(int)text[i]:X4}"));
            }

            if (i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]))
            {
                i++;
            }
            else if (char.IsSurrogate(text[i]))
            {
                throw new RequestException(field, $"the {what} contains an unpaired surrogate");
            }
        }
    }
}
