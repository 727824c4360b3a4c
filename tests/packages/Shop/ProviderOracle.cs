using Microsoft.EntityFrameworkCore;

internal static class Provider
{
    public static void Use(DbContextOptionsBuilder options, string connection) => options.UseMySQL(
        connection.Replace("SSL Mode=None", "SslMode=Disabled", StringComparison.OrdinalIgnoreCase),
        static mysql => mysql.EnableRetryOnFailure());
}
