using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.DependencyInjection;
using OrleansDtm.Client;
using OrleansDtm.Client.Grpc;
using Xunit;

namespace OrleansDtm.Testing.Tests;

public sealed class GrpcTests
{
    [Fact]
    public async Task A_client_and_branches_over_gRPC_need_no_port()
    {
        var (dtm, hotel) = await Service.Start();
        await using var _ = dtm;
        var flights = new GrpcService();
        dtm.AddBranches("http://flight:5000", flights);
        dtm.Branch("flight:5000/air.Flight/Book").FailsTimes(2);
        await using var client = new ServiceCollection()
            .AddLogging()
            .AddDtmGrpcClient(grpc =>
            {
                grpc.Server = dtm.Address;
                grpc.ConfigureChannel = channel => channel.HttpHandler = dtm.CreateHandler();
            })
            .BuildServiceProvider();
        var saga = client.GetRequiredService<IDtm>().Saga()
            .Step("flight:5000/air.Flight/Book", "flight:5000/air.Flight/Undo", new byte[] { 1 })
            .Step($"{Service.Url}/book", $"{Service.Url}/book-undo", new byte[] { 1 });

        await saga.SubmitAsync(TestContext.Current.CancellationToken);

        await dtm.Saga(saga.Gid).ShouldHaveSucceeded();
        Assert.Equal(["/air.Flight/Book"], flights.Calls);
        Assert.Equal(["/book"], hotel.Calls);
        Assert.Equal(3, dtm.Saga(saga.Gid).CallsOf("flight:5000/air.Flight/Book").Count);
    }

    [Fact]
    public async Task An_application_over_gRPC_is_told_how_to_use_the_host()
    {
        var (dtm, _) = await Service.Start();
        await using var disposing = dtm;
        var services = new ServiceCollection().AddLogging().AddDtmGrpcClient();

        var error = Assert.Throws<InvalidOperationException>(() => services.AddDtmTestClient(dtm));
        Assert.Contains("DtmGrpcOptions", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Answers every method with an empty message.</summary>
    private sealed class GrpcService : HttpMessageHandler
    {
        public List<string> Calls { get; } = [];

        protected override Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Calls.Add(request.RequestUri!.AbsolutePath);
            var answer = new HttpResponseMessage
            {
                Version = HttpVersion.Version20,
                Content = new ByteArrayContent(new byte[5]),
            };
            answer.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
            answer.TrailingHeaders.Add("grpc-status", "0");
            return Task.FromResult(answer);
        }
    }
}
