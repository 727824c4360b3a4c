using Microsoft.EntityFrameworkCore;

internal static class Provider
{
    public static void Use(DbContextOptionsBuilder options, string connection) => options.UseMySql(
        connection, ServerVersion.AutoDetect(connection), static mysql => mysql.EnableRetryOnFailure());
}
