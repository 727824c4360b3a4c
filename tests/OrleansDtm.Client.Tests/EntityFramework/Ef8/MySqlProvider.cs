using Microsoft.EntityFrameworkCore;

namespace OrleansDtm.Client.Tests.EntityFramework;

/// <summary>EF Core 8 with Pomelo's provider, over MySqlConnector.</summary>
internal static class MySqlProvider
{
    public static void Use(DbContextOptionsBuilder options, string connection) => options.UseMySql(
        connection, ServerVersion.AutoDetect(connection), static mysql => mysql.EnableRetryOnFailure());
}
