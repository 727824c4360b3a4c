using System.Data.Common;
using OrleansDtm.Storage.Drivers;
using OrleansDtm.Storage.Servers;

namespace OrleansDtm.Import;

/// <summary>The address of DTM's database: a URL, or a connection string with the name of its driver.</summary>
/// <param name="Driver">Can read databases of DTM.</param>
/// <param name="ConnectionString">As the client library of the driver accepts it.</param>
internal sealed record SourceAddress(StoreDriver Driver, string ConnectionString)
{
    private const string Example = "mysql://user:password@host:3306/dtm or postgres://user:password@host:5432/dtm";

    /// <summary>How the database is read.</summary>
    public DtmDialect Dialect => Driver.Dtm!;

    /// <summary>For messages: without user and password.</summary>
    public string Shown => Dialect.Describe(ConnectionString);

    /// <param name="from">URL or connection string.</param>
    /// <param name="driver">The name of the driver; null = the URL names it.</param>
    /// <exception cref="SourceAddressException">It is neither, or the driver cannot read databases of DTM.</exception>
    public static SourceAddress Parse(string from, string? driver)
    {
        var named = driver is null ? null : Find(driver) ?? throw new SourceAddressException(
            $"--from-driver: '{driver}' is not {string.Join(" or ", StoreDrivers.All.DtmNames)}.");
        var isUrl = from.Contains("://", StringComparison.Ordinal);
        if (named is null && !isUrl)
        {
            throw new SourceAddressException(
                $"--from: a connection string needs --from-driver={string.Join(" or ", StoreDrivers.All.DtmNames)}. "
                + $"Or give a URL: {Example}.");
        }

        try
        {
            if (!isUrl)
            {
                Refuse(named!, from);
            }

            var (source, place) = isUrl ? OfUrl(from, named) : (named!, from);
            var address = new SourceAddress(source, source.Dtm!.Complete(place));
            Refuse(source, address.ConnectionString);
            return address;
        }
        catch (Exception e) when (ConnectionStrings.IsRefusal(e) && e is not SourceAddressException)
        {
            throw new SourceAddressException($"--from: {e.Message} Give a connection string, or a URL: {Example}.");
        }
    }

    private static StoreDriver? Find(string name) =>
        StoreDrivers.All.TryFind(name) is { Dtm: not null } driver ? driver : null;

    private static void Refuse(StoreDriver driver, string place)
    {
        if (driver.FindRefusal(place) is { } refusal)
        {
            throw new SourceAddressException($"--from: {refusal}.");
        }
    }

    private static (StoreDriver Driver, string Place) OfUrl(string from, StoreDriver? driver)
    {
        if (!Uri.TryCreate(from, UriKind.Absolute, out var url) || url.Host.Length == 0)
        {
            throw new SourceAddressException($"--from: this is not a URL. Write {Example}, and characters such as @ "
                + "in a password as %40.");
        }

        var named = Find(url.Scheme)
            ?? throw new SourceAddressException($"--from: {url.Scheme}:// is not a database that can be read. Write "
                + $"{Example}.");
        if (driver is not null && driver != named)
        {
            throw new SourceAddressException($"--from-driver: {driver.Name} contradicts the URL of --from, which "
                + $"says {named.Name}.");
        }

        var account = url.UserInfo.Split(':', 2);
        var builder = named.Dtm!.Builder(new StoreAddress
        {
            Host = url.IdnHost,
            Port = Math.Max(0, url.Port),
            User = Uri.UnescapeDataString(account[0]),
            Password = account.Length > 1 ? Uri.UnescapeDataString(account[1]) : "",
            Database = Uri.UnescapeDataString(url.AbsolutePath.Trim('/')),
        });
        AddOptions(builder, url);
        return (named, builder.ConnectionString);
    }

    /// <summary>?SslMode=Required&amp;... with the names of the client library.</summary>
    private static void AddOptions(DbConnectionStringBuilder builder, Uri url)
    {
        foreach (var option in url.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var pair = option.Split('=', 2);
            try
            {
                builder[Uri.UnescapeDataString(pair[0])] = pair.Length > 1 ? Uri.UnescapeDataString(pair[1]) : "";
            }
            catch (Exception e) when (ConnectionStrings.IsRefusal(e))
            {
                throw new SourceAddressException($"--from: option {pair[0]}: {e.Message}");
            }
        }
    }
}
