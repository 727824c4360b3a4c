using System.Collections.Concurrent;
using System.Net;
using OrleansDtm.Client;

namespace OrleansDtm.Testing.Tests;

/// <summary>A service with branches, in process. It answers 200 unless a path has its own answer.</summary>
internal sealed class Service : HttpMessageHandler
{
    public const string Url = "http://hotel";

    private readonly ConcurrentDictionary<string, Func<Task<HttpStatusCode>>> _answers = new();
    private readonly ConcurrentQueue<string> _calls = [];

    /// <summary>The paths called so far.</summary>
    public IEnumerable<string> Calls => _calls;

    public void Answer(string path, Func<Task<HttpStatusCode>> answer) => _answers[path] = answer;

    public int Count(string path) => _calls.Count(path.Equals);

    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var path = request.RequestUri!.AbsolutePath;
        _calls.Enqueue(path);
        var status = _answers.TryGetValue(path, out var answer) ? await answer() : HttpStatusCode.OK;
        return new HttpResponseMessage(status) { Content = new StringContent("") };
    }

    /// <summary>Starts a host whose branches are in a service.</summary>
    public static async Task<(DtmTestHost Dtm, Service Hotel)> Start(Action<DtmTestOptions>? configure = null)
    {
        var hotel = new Service();
        var dtm = await DtmTestHost.StartAsync(options =>
        {
            options.Branches[Url] = hotel;
            options.StartTime = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
            configure?.Invoke(options);
        });
        return (dtm, hotel);
    }

    /// <summary>A saga with the steps book and pay.</summary>
    public static Saga Saga(DtmTestHost dtm, SagaOptions? options = null) => dtm.Client.Saga(options)
        .Step($"{Url}/book", $"{Url}/book-undo", new { nights = 2 })
        .Step($"{Url}/pay", $"{Url}/pay-undo", new { nights = 2 });
}
