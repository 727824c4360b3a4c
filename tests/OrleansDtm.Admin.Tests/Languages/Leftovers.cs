namespace OrleansDtm.Admin.Tests.Languages;

/// <summary>Finds English words on a Chinese page that are neither data nor words of DTM's API.</summary>
internal static class Leftovers
{
    /// <summary>
    /// A function of the words that are allowed. Elements with data are skipped: gids, URLs, errors, code and times.
    /// </summary>
    public const string Script =
        """
        allowed => {
          const data = '.mono, code, pre, kbd, .error-text, .reason, time, noscript, script, style, [lang=en], '
            + '[translate=no]';
          const words = text => (text
            .replace(/\b[a-z]+:\/\/\S+/gi, ' ')                  // URLs
            .replace(/\b[A-Z]\w+:[A-Z]\w+/g, ' ')              // settings
            .replace(/(^|\s)\/[\w./-]+/g, ' ')                  // paths
            .replace(/[\w.-]*\d[\w.:-]*/g, ' ')                  // gids, addresses, versions, times
            .match(/[A-Za-z][A-Za-z-]+/g) ?? []).filter(word => !allowed.includes(word));
          const found = new Set();
          const see = (text, where) => words(text).forEach(
            word => found.add(`${word} (${where}: ${text.trim().slice(0, 80)})`));
          for (const element of document.querySelectorAll('html, body, body *')) {
            if (element.closest(data) || !element.checkVisibility()) continue;
            for (const node of element.childNodes) if (node.nodeType === 3) see(node.data, 'text');
            for (const name of ['aria-label', 'title', 'placeholder', 'alt']) {
              if (element.hasAttribute(name)) see(element.getAttribute(name), name);
            }
          }
          see(document.title, 'title');
          return [...found];
        }
        """;

    /// <summary>Names, words of DTM's API and of the settings, and data of the test.</summary>
    public static readonly string[] Allowed =
    [
        "OrleansDtm", "DTM", "API", "HTTP", "JSON", "URL", "OpenAPI", "UTC", "Cookie", "English", "curl", "NTP",
        "KB", "MB", "GB",
        "silo", "Silo", "gid", "query_prepared", "orders", "ONGOING", "Confirm", "Cancel", "Try",
        "saga", "msg", "tcc", "xa", "workflow", "http", "grpc",
        "prepared", "submitted", "aborting", "succeed", "failed", "submit", "prepare", "abort",
        "action", "compensate", "confirm", "cancel", "commit", "rollback",
        "admin", "read", "boss", "shop", "paid", "Active", "Local", "SQLite", "sqlite", "query", "Limits",
    ];
}
