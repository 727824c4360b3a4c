using System.Data.Common;

namespace OrleansDtm.Storage.Drivers;

/// <summary>How the import reads a DTM database of one kind.</summary>
public abstract class DtmDialect
{
    /// <summary>Makes the session read-only, and independent of the server's defaults.</summary>
    public abstract string BeginReading { get; }

    /// <summary>Selects the schema of the table trans_global; no row = there is no such table.</summary>
    public abstract string FindSchema { get; }

    /// <summary>Follows the name of a table that is read in the order of its ids.</summary>
    public virtual string ById => "";

    /// <summary>How DTM compares gids in this database.</summary>
    public virtual StringComparer Gids => StringComparer.Ordinal;

    /// <summary>The database stores times with their time zone.</summary>
    public virtual bool HasTimeZone => true;

    /// <summary>A connection that is not open yet.</summary>
    public abstract DbConnection Connect(string connectionString);

    /// <summary>A name as SQL.</summary>
    public abstract string Quote(string name);

    /// <summary>The address as a URL without user and password.</summary>
    public abstract string Describe(string connectionString);

    /// <summary>A connection string from the parts of a URL.</summary>
    public abstract DbConnectionStringBuilder Builder(StoreAddress address);

    /// <summary>Adds the database's default name and the options that reading needs.</summary>
    public abstract string Complete(string connectionString);
}
