using System.Text.Json;
using OrleansDtm.Protocol;

namespace OrleansDtm.Client;

/// <summary>
/// Calls that are made for certain (retried until they succeed), and, after a prepare, if and only if the submitter's local transaction
/// commits. Made by <see cref="IDtm.Msg"/>.
/// </summary>
public sealed partial class Msg
{
    private const string TopicScheme = "topic://";
    private readonly Dtm _dtm;
    private readonly MsgOptions _options;
    private readonly List<StepRequest> _steps = [];
    private readonly List<ReadOnlyMemory<byte>> _payloads = [];
    private string? _queryPrepared;

    internal Msg(Dtm dtm, MsgOptions options)
    {
        _dtm = dtm;
        _options = options;
        Gid = Dtm.NewGid(options);
    }

    /// <summary>Of this message. Submitting it again, after a lost answer say, asks for the same transaction.</summary>
    public string Gid { get; }

    /// <summary>Adds a call without a body: a GET.</summary>
    /// <param name="action">Whom to call; <c>topic://name</c> = the topic's subscribers.</param>
    /// <exception cref="ArgumentException">The URL's query has a name that DTM adds itself: gid, trans_type, branch_id, op, phase2_url.</exception>
    public Msg Step(string action) => Add(action, []);

    /// <summary>Adds a call.</summary>
    /// <param name="action">Whom to call; <c>topic://name</c> = the topic's subscribers.</param>
    /// <param name="payload">Becomes JSON, unless it is bytes or a message of protocol buffers: these go as they are, and over HTTP must be UTF-8 text.</param>
    /// <exception cref="ArgumentException">The bytes are no text and the coordinator is asked over HTTP, or the URL's query has a name that DTM adds itself.</exception>
    public Msg Step<T>(string action, T payload) => Add(action, _dtm.Body(payload));

    /// <summary>Adds a call of every subscriber the topic has when the message is stored.</summary>
    /// <param name="topic">Its name.</param>
    /// <param name="payload">Becomes JSON, unless it is bytes or a message of protocol buffers: these go as they are, and over HTTP must be UTF-8 text.</param>
    /// <exception cref="ArgumentException">The bytes are no text, and the coordinator is asked over HTTP.</exception>
    public Msg Topic<T>(string topic, T payload) => Step(TopicScheme + topic, payload);

    /// <summary>Announces it. If no submit or abort follows, the coordinator asks.</summary>
    /// <param name="queryPrepared">URL that is asked whether the message was meant: success = yes, failure = no.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="DtmConflictException">There is such a gid already, and it is no longer prepared.</exception>
    /// <exception cref="DtmException">It was refused, or the coordinator cannot be reached.</exception>
    public Task PrepareAsync(string queryPrepared, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(queryPrepared);
        BranchUrls.Check(queryPrepared, nameof(queryPrepared));
        _queryPrepared = queryPrepared;
        return _dtm.PrepareAsync(Request(), cancellationToken);
    }

    /// <summary>Has the calls made; prepared before or not.</summary>
    /// <param name="cancellationToken">Ends the waiting; whether it was submitted is then not known.</param>
    /// <returns>Submitted; or, with <see cref="TransOptions.WaitResult"/>, how it stood when it ended or paused.</returns>
    /// <exception cref="DtmConflictException">There is such a gid already, in a status that allows no submit.</exception>
    /// <exception cref="DtmUnavailableException">Whether it was submitted is not known: ask how it stands, or submit it again.</exception>
    /// <exception cref="DtmException">It was refused.</exception>
    public Task<TransactionResult> SubmitAsync(CancellationToken cancellationToken = default) => _dtm.SubmitAsync(Request(), cancellationToken);

    /// <summary>Has the calls made and waits until all have succeeded, retries included.</summary>
    /// <param name="timeout">How long; <see cref="Timeout.InfiniteTimeSpan"/> = for ever.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="TimeoutException">It was submitted, but has not ended in time: it goes on.</exception>
    /// <exception cref="DtmException">As for a submit.</exception>
    public Task<TransactionResult> SubmitAndWaitAsync(TimeSpan timeout, CancellationToken cancellationToken = default) =>
        _dtm.SubmitAndWaitAsync(Request(), timeout, cancellationToken);

    /// <summary>Takes a prepared message back.</summary>
    /// <param name="reason">Kept as the rollback reason; may be empty.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="DtmConflictException">It was submitted already, or has ended.</exception>
    /// <exception cref="DtmException">The coordinator refused, or cannot be reached.</exception>
    public Task AbortAsync(string reason = "", CancellationToken cancellationToken = default) =>
        _dtm.AbortAsync(Request(), reason, cancellationToken);

    internal TransactionRequest Request()
    {
        if (_options.Delay is not null && _options.CustomData is not null)
        {
            throw new InvalidOperationException("A delayed message keeps the delay in custom_data: give one or the other.");
        }

        var request = _dtm.Request(TransTypes.Msg, _options, Gid);
        request.Steps = [.. _steps];
        request.BinPayloads = [.. _payloads];
        request.QueryPrepared = _queryPrepared;
        request.Concurrent = _options.Concurrent ? true : null;
        if (_options.Delay is { } delay)
        {
            request.CustomData = JsonSerializer.Serialize(new MsgCustomData { Delay = delay.TotalSeconds }, ProtocolJson.Readable.MsgCustomData);
        }

        return request;
    }

    private Msg Add(string action, byte[] payload)
    {
        ArgumentNullException.ThrowIfNull(action);
        BranchUrls.Check(action, nameof(action));
        _steps.Add(new StepRequest { Action = action });
        _payloads.Add(payload);
        return this;
    }
}
