using System.Globalization;
using System.Text.Json;
using OrleansDtm.Protocol;

namespace OrleansDtm.Client;

/// <summary>
/// Steps that can be taken back: all of them are done, or what was done is compensated in reverse order. Made by <see cref="IDtm.Saga"/>.
/// URLs are http(s)://, or whatever else the coordinator can call; an empty one is a call that nobody has to make.
/// </summary>
public sealed class Saga
{
    private readonly Dtm _dtm;
    private readonly SagaOptions _options;
    private readonly List<StepRequest> _steps = [];
    private readonly List<ReadOnlyMemory<byte>> _payloads = [];
    private readonly Dictionary<string, int[]?> _orders = [];

    internal Saga(Dtm dtm, SagaOptions options)
    {
        _dtm = dtm;
        _options = options;
        Gid = Dtm.NewGid(options);
    }

    /// <summary>Of this saga. Submitting it again, after a lost answer say, asks for the same transaction.</summary>
    public string Gid { get; }

    /// <summary>Adds a step without a body: its calls are GETs.</summary>
    /// <param name="action">URL that does it.</param>
    /// <param name="compensate">URL that takes it back.</param>
    /// <exception cref="ArgumentException">A URL's query has a name that DTM adds itself: gid, trans_type, branch_id, op, phase2_url.</exception>
    public Saga Step(string action, string compensate) => Add(action, compensate, []);

    /// <summary>Adds a step whose body goes to both calls.</summary>
    /// <param name="action">URL that does it.</param>
    /// <param name="compensate">URL that takes it back.</param>
    /// <param name="payload">Becomes JSON, unless it is bytes or a message of protocol buffers: these go as they are, and over HTTP must be UTF-8 text.</param>
    /// <exception cref="ArgumentException">The bytes are no text and the coordinator is asked over HTTP, or a URL's query has a name that DTM adds itself.</exception>
    public Saga Step<T>(string action, string compensate, T payload) => Add(action, compensate, _dtm.Body(payload));

    /// <summary>Concurrent: lets a step wait for others.</summary>
    /// <param name="step">Index of the step, from 0.</param>
    /// <param name="after">Indexes of those that must be done before it.</param>
    /// <exception cref="InvalidOperationException">The saga is not concurrent: its steps wait for each other anyway.</exception>
    public Saga Order(int step, params int[] after)
    {
        if (!_options.Concurrent)
        {
            throw new InvalidOperationException($"Set {nameof(SagaOptions)}.{nameof(SagaOptions.Concurrent)}: the steps are done one after the other.");
        }

        _orders[step.ToString(CultureInfo.InvariantCulture)] = after;
        return this;
    }

    /// <summary>Hands it over to the coordinator.</summary>
    /// <param name="cancellationToken">Ends the waiting; whether it was submitted is then not known.</param>
    /// <returns>Submitted; or, with <see cref="TransOptions.WaitResult"/>, how it stood when it ended or paused.</returns>
    /// <exception cref="DtmConflictException">There is such a gid already, in a status that allows no submit.</exception>
    /// <exception cref="DtmUnavailableException">Whether it was submitted is not known: ask how it stands, or submit it again.</exception>
    /// <exception cref="DtmException">It was refused.</exception>
    public Task<TransactionResult> SubmitAsync(CancellationToken cancellationToken = default) => _dtm.SubmitAsync(Request(), cancellationToken);

    /// <summary>Hands it over and waits until it has ended, retries included.</summary>
    /// <param name="timeout">How long; <see cref="Timeout.InfiniteTimeSpan"/> = for ever.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="TimeoutException">It was submitted, but has not ended in time: it goes on.</exception>
    /// <exception cref="DtmException">As for a submit.</exception>
    public Task<TransactionResult> SubmitAndWaitAsync(TimeSpan timeout, CancellationToken cancellationToken = default) =>
        _dtm.SubmitAndWaitAsync(Request(), timeout, cancellationToken);

    internal TransactionRequest Request()
    {
        if (_options.Concurrent && _options.CustomData is not null)
        {
            throw new InvalidOperationException("A concurrent saga keeps its orders in custom_data: give one or the other.");
        }

        var request = _dtm.Request(TransTypes.Saga, _options, Gid);
        request.Steps = [.. _steps];
        request.BinPayloads = [.. _payloads];
        request.RetryLimit = _options.RetryLimit > 0 ? _options.RetryLimit : null;
        if (_options.Concurrent)
        {
            // Both are always sent: DTM's own server reads orders without asking whether they are there.
            var data = new SagaCustomData { Concurrent = true, Orders = _orders };
            request.CustomData = JsonSerializer.Serialize(data, ProtocolJson.Readable.SagaCustomData);
        }

        return request;
    }

    private Saga Add(string action, string compensate, byte[] payload)
    {
        ArgumentNullException.ThrowIfNull(action);
        ArgumentNullException.ThrowIfNull(compensate);
        BranchUrls.Check(action, nameof(action));
        BranchUrls.Check(compensate, nameof(compensate));
        _steps.Add(new StepRequest { Action = action, Compensate = compensate });
        _payloads.Add(payload);
        return this;
    }
}
