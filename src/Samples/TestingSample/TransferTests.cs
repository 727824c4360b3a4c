using System.Net.Http.Json;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using OrleansDtm.Testing;
using Xunit;

namespace OrleansDtm.Samples.TestingSample;

/// <summary>Tests of the bank of the sample FirstSaga, as its developers would write them.</summary>
public sealed class TransferTests : IAsyncLifetime
{
    private DtmTestHost _dtm = null!;
    private WebApplicationFactory<Program> _bank = null!;
    private HttpClient _http = null!;

    public async ValueTask InitializeAsync()
    {
        File.Delete("bank.db");
        _dtm = await DtmTestHost.StartAsync();
        _bank = new WebApplicationFactory<Program>().WithWebHostBuilder(web =>
        {
            web.UseSetting("Bank", "http://bank");
            web.ConfigureTestServices(services => services.AddDtmTestClient(_dtm));
        });
        _http = _bank.CreateClient();
        _dtm.AddBranches("http://bank", _bank.Server.CreateHandler());
    }

    [Fact]
    public async Task Money_arrives_although_the_branch_fails_for_hours()
    {
        _dtm.Branch("http://bank/in").FailsTimes(20);

        Assert.Equal("Succeeded ", await Transfer("B", 30));

        Assert.True(_dtm.Clock.Elapsed > TimeSpan.FromHours(2));
    }

    [Fact]
    public async Task A_repeated_call_does_not_move_the_money_twice()
    {
        _dtm.Branch("http://bank/out").LosesAnswer().DeliversTwice();

        Assert.Equal("Succeeded ", await Transfer("B", 60));

        // A has 40 left: the barrier of the branch skipped the repeated calls.
        Assert.Equal("Succeeded ", await Transfer("B", 40));
    }

    [Fact]
    public async Task A_transfer_that_is_refused_gives_the_money_back()
    {
        Assert.StartsWith("Failed ", await Transfer("nobody", 100), StringComparison.Ordinal);

        await _dtm.Saga(_dtm.Calls[0].Gid).ShouldHaveCompensated("01", "02");
        Assert.Equal("Succeeded ", await Transfer("B", 100));
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _bank.DisposeAsync();
        await _dtm.DisposeAsync();
    }

    private async Task<string> Transfer(string to, long amount)
    {
        using var answer = await _http.PostAsJsonAsync("/transfer", new { from = "A", to, amount });
        return await answer.Content.ReadAsStringAsync();
    }
}
