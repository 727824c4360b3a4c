using MySqlConnector;
using Xunit;

namespace OrleansDtm.DatabaseTests.Packages;

/// <summary>A new database on MySQL or MariaDB.</summary>
internal static class EmptyDatabase
{
    /// <param name="connection">Names the database to create.</param>
    /// <returns>The connection string.</returns>
    public static async Task<string> Create(string connection)
    {
        var place = new MySqlConnectionStringBuilder(connection);
        await using var admin = new MySqlConnection(
            new MySqlConnectionStringBuilder(connection) { Database = "mysql", Pooling = false }.ConnectionString);
        await admin.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = new MySqlCommand($"create database {place.Database}", admin);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);

        // Only what all drivers understand.
        return $"Server={place.Server};Port={place.Port};User ID={place.UserID};Password={place.Password};"
            + $"Database={place.Database};SSL Mode=None";
    }
}
