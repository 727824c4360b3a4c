using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;
using OrleansDtm.Storage;

namespace OrleansDtm.Server.Security.Sessions;

/// <summary>
/// The keys of ASP.NET Core's DataProtection, which encrypt sessions, in the store: every silo reads them, and sessions
/// survive restarts. DataProtection reads them at the start and once a day.
/// </summary>
internal sealed class StoredKeys(IKeyValueStore store, ILogger<StoredKeys> log) : IXmlRepository
{
    private const string Category = "data-protection-keys";
    private const string Key = "key";
    private const int PageSize = 100;

    private volatile string _next = Next([]);

    /// <summary>The interface is synchronous; requests do not wait for it, except in the first two minutes.</summary>
    public IReadOnlyCollection<XElement> GetAllElements() => Task.Run(Read).GetAwaiter().GetResult();

    public void StoreElement(XElement element, string friendlyName) =>
        Task.Run(() => Write(element, friendlyName)).GetAwaiter().GetResult();

    private async Task<IReadOnlyCollection<XElement>> Read()
    {
        var found = new List<KeyValueItem>();
        IReadOnlyList<KeyValueItem> page;
        do
        {
            page = await store.Scan(
                Category, found.Count == 0 ? 0 : found[^1].Id, PageSize, CancellationToken.None);
            found.AddRange(page);
        }
        while (page.Count == PageSize);
        _next = Next(found.Select(static item => item.Key));
        return [.. found.Select(static item => XElement.Parse(item.Value))];
    }

    /// <summary>
    /// Silos that create a key at the same time, having read the same keys, use the same name: the first one wins, and
    /// DataProtection reads the winner's key in the other silos right after this.
    /// </summary>
    private async Task Write(XElement element, string friendlyName)
    {
        var isKey = element.Name.LocalName == Key;
        var result = await store.Put(
            Category,
            isKey ? _next : friendlyName,
            element.ToString(SaveOptions.DisableFormatting),
            0,
            CancellationToken.None);
        if (isKey && result == WriteResult.Written)
        {
            log.SessionKeyCreated(friendlyName);
        }
    }

    private static string Next(IEnumerable<string> known) =>
        "after-" + Base64Url.EncodeToString(
            SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', known.Order(StringComparer.Ordinal)))));
}
