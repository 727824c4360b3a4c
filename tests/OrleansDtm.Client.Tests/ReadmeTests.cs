using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;
using OrleansDtm.Client.AspNetCore;
using OrleansDtm.Tests;
using Xunit;

namespace OrleansDtm.Client.Tests;

/// <summary>The README's C# is the C# that is compiled and run here.</summary>
public sealed partial class ReadmeTests(RunningCoordinator coordinator)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("participant")]
    [InlineData("saga")]
    [InlineData("others")]
    public void What_the_README_shows_is_compiled(string mark)
    {
        var source = File.ReadAllText(RepositoryRoot.File("tests", "OrleansDtm.Client.Tests", "ReadmeSnippets.cs"));
        var snippet = Regex.Match(source, $@"( *)// <{mark}>\n(.*?)\n *// </{mark}>", RegexOptions.Singleline);
        Assert.True(snippet.Success, mark);
        var shown = Regex.Replace(snippet.Groups[2].Value, $"^{snippet.Groups[1].Value}", "", RegexOptions.Multiline);

        Assert.Contains(Blocks(), block => block.Contains(shown, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_participant_and_the_saga_of_the_README_run()
    {
        File.Delete("bank.db");
        await using var connection = new SqliteConnection("Data Source=bank.db;Pooling=False");
        await connection.OpenAsync(Cancel);
        await using var command = connection.CreateCommand();
        command.CommandText = "create table account (name text primary key, balance integer); insert into account values ('A', 100), ('B', 100)";
        await command.ExecuteNonQueryAsync(Cancel);
        await BarrierSchema.CreateAsync(connection, cancellationToken: Cancel);
        await using var app = ReadmeSnippets.Participant(["--urls=http://127.0.0.1:0", "--Logging:LogLevel:Default=None"]);
        app.MapBranch("/pay", (ReadmeSnippets.Transfer t, LocalTransaction db) => db.ExecuteAsync($"update account set balance = balance + {t.Amount} where name = {t.To}"));
        app.MapBranch("/pay-undo", static () => { });
        await app.StartAsync(Cancel);
        await using var client = coordinator.Client();
        var url = app.Urls.Single();

        var result = await ReadmeSnippets.Initiator(client.Dtm(), url, url, new("A", "B", 30));

        Assert.True(result.Succeeded, result.ToString());
        command.CommandText = "select group_concat(balance) from (select balance from account order by name)";
        Assert.Equal("70,130", await command.ExecuteScalarAsync(Cancel));
    }

    private static IEnumerable<string> Blocks() =>
        CSharpBlock().Matches(File.ReadAllText(RepositoryRoot.File("README.md"))).Select(match => match.Groups[1].Value);

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CSharpBlock();
}
