using System.Globalization;

namespace OrleansDtm.Client;

/// <summary>Numbers the branches below a parent as DTM does: two digits a level. Thread-safe.</summary>
/// <param name="parent">Empty for the root.</param>
internal sealed class BranchIds(string parent)
{
    private const int PerLevel = 99;
    private const int ParentLength = 20;
    private int _last;

    /// <exception cref="InvalidOperationException">There are too many branches, or levels.</exception>
    public string Next()
    {
        var next = Interlocked.Increment(ref _last);
        if (next > PerLevel || parent.Length >= ParentLength)
        {
            throw new InvalidOperationException("A transaction has at most 99 branches on a level, and 10 levels.");
        }

        return string.Create(CultureInfo.InvariantCulture, $"{parent}{next:D2}");
    }
}
