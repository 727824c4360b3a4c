using Microsoft.EntityFrameworkCore;
using Place = MySqlConnector.MySqlConnectionStringBuilder;

namespace OrleansDtm.Client.Tests.EntityFramework;

/// <summary>EF Core 10 with Oracle's provider, over its own driver.</summary>
internal static class MySqlProvider
{
    public static void Use(DbContextOptionsBuilder options, string connection)
    {
        var place = new Place(connection);

        // The drivers name the absence of TLS differently.
        options.UseMySQL(
            $"Server={place.Server};Port={place.Port};User ID={place.UserID};Password={place.Password};"
                + $"Database={place.Database};SslMode=Disabled",
            static mysql => mysql.EnableRetryOnFailure());
    }
}
