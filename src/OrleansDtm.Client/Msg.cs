using System.Linq.Expressions;
using System.Text.Json;
using OrleansDtm.Protocol;

namespace OrleansDtm.Client;

/// <summary>
/// Calls that are retried until they succeed, and, after a prepare, are made if and only if the submitter's local
/// transaction commits. Created by <see cref="IDtm.Msg"/>.
/// </summary>
public sealed partial class Msg
{
    internal const string TopicScheme = "topic://";
    private readonly Dtm _dtm;
    private readonly MsgOptions _options;
    private readonly TagSet _tags;
    private readonly StepList _steps;
    private string? _queryPrepared;

    internal Msg(Dtm dtm, MsgOptions options)
    {
        _dtm = dtm;
        _options = options;
        _tags = new TagSet(options);
        _steps = new StepList(dtm);
        Gid = Dtm.NewGid(options);
    }

    /// <summary>The gid. Submitting the message again is idempotent.</summary>
    public string Gid { get; }

    /// <summary>Adds a call without a body: a GET.</summary>
    /// <param name="action">URL of the action; <c>topic://name</c> = the topic's subscribers.</param>
    /// <exception cref="ArgumentException">The URL's query has a reserved name: gid, trans_type, branch_id, op,
    /// phase2_url.</exception>
    public Msg Step(string action) => Add(action, []);

    /// <summary>Adds a call.</summary>
    /// <param name="action">URL of the action; <c>topic://name</c> = the topic's subscribers.</param>
    /// <param name="payload">Serialized to JSON, except bytes and protobuf messages, which are sent unchanged (over
    /// HTTP they must be UTF-8 text).</param>
    /// <exception cref="ArgumentException">The bytes are not text and the coordinator is called over HTTP, or the URL's
    /// query has a reserved name.</exception>
    public Msg Step<T>(string action, T payload) => Add(action, _dtm.Body(payload));

    /// <summary>Sets options of the call added last; OrleansDtm only.</summary>
    /// <exception cref="InvalidOperationException">There is no call.</exception>
    public Msg WithPolicy(StepPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        policy.Fill(_steps.Last);
        return this;
    }

    /// <summary>
    /// Names what the action of the call added last answers, for <c>WithResultOf</c> and for its result after the end.
    /// OrleansDtm only, as the other methods for results.
    /// </summary>
    /// <typeparam name="T">The answer, in JSON.</typeparam>
    /// <param name="result">The result.</param>
    /// <exception cref="InvalidOperationException">There is no call.</exception>
    public Msg Returns<T>(out StepResult<T> result)
    {
        result = _steps.ResultOfLast<T>();
        return this;
    }

    /// <summary>
    /// Adds a part of the result of an earlier step to the payload of the call added last. If the answer does not have
    /// the part, the step fails.
    /// </summary>
    /// <param name="step">The earlier step, which surely ends before this one.</param>
    /// <param name="part">Members and indexes only: <c>r => r.Items[0].Price</c>.</param>
    /// <param name="name">The member of the payload; null (default) = the name of the part, such as price.</param>
    /// <exception cref="ArgumentException">The part is not understood, or the payload has the member.</exception>
    /// <exception cref="InvalidOperationException">There is no call, or its payload is not a JSON object.</exception>
    public Msg WithResultOf<T, TPart>(StepResult<T> step, Expression<Func<T, TPart>> part, string? name = null)
    {
        _steps.Use(step, part, name, compensation: false);
        return this;
    }

    /// <summary>Adds a call of every subscriber that the topic has when the message is stored.</summary>
    /// <param name="topic">Its name.</param>
    /// <param name="payload">Serialized to JSON, except bytes and protobuf messages, which are sent unchanged (over
    /// HTTP they must be UTF-8 text).</param>
    /// <exception cref="ArgumentException">The bytes are not text, and the coordinator is called over HTTP.</exception>
    public Msg Topic<T>(string topic, T payload) => Step(TopicScheme + topic, payload);

    /// <summary>Adds a tag to find the message by; OrleansDtm only. See <see cref="TransOptions.Tags"/>.</summary>
    /// <param name="key">The key; the same key again replaces the value.</param>
    /// <param name="value">The value, in its invariant form.</param>
    public Msg Tag<T>(string key, T value)
        where T : notnull
    {
        _tags.Add(key, value);
        return this;
    }

    /// <summary>
    /// Prepares the message. Without a submit or abort, the coordinator calls <paramref name="queryPrepared"/>.
    /// </summary>
    /// <param name="queryPrepared">URL that tells whether the local transaction committed: success = yes, failure =
    /// no.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="DtmConflictException">The gid exists and is no longer prepared.</exception>
    /// <exception cref="DtmException">It was refused, or the coordinator is unreachable.</exception>
    public Task PrepareAsync(string queryPrepared, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(queryPrepared);
        BranchUrls.Check(queryPrepared, nameof(queryPrepared));
        _queryPrepared = queryPrepared;
        return _dtm.PrepareAsync(Request(), cancellationToken);
    }

    /// <summary>Submits the message; prepared before or not.</summary>
    /// <param name="cancellationToken">Cancels the wait; it is then unknown whether it was submitted.</param>
    /// <returns>Submitted; or, with <see cref="TransOptions.WaitResult"/>, the state when it ended or waited for a
    /// retry.</returns>
    /// <exception cref="DtmConflictException">The gid exists in a status that does not allow a submit.</exception>
    /// <exception cref="DtmUnavailableException">It is unknown whether it was submitted: query the status, or submit it
    /// again.</exception>
    /// <exception cref="DtmException">It was refused.</exception>
    public Task<TransactionResult> SubmitAsync(CancellationToken cancellationToken = default) =>
        _dtm.SubmitAsync(Request(), cancellationToken);

    /// <summary>Submits the message and waits until all calls have succeeded, including retries.</summary>
    /// <param name="timeout">The timeout; <see cref="Timeout.InfiniteTimeSpan"/> = none.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="TimeoutException">It was submitted, but has not ended in time; it continues.</exception>
    /// <exception cref="DtmException">As for a submit.</exception>
    public Task<TransactionResult> SubmitAndWaitAsync(
        TimeSpan timeout, CancellationToken cancellationToken = default) =>
        _dtm.SubmitAndWaitAsync(Request(), timeout, cancellationToken);

    /// <summary>Aborts a prepared message.</summary>
    /// <param name="reason">Rollback reason; may be empty.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="DtmConflictException">It was submitted already, or has ended.</exception>
    /// <exception cref="DtmException">The coordinator refused it, or is unreachable.</exception>
    public Task AbortAsync(string reason = "", CancellationToken cancellationToken = default) =>
        _dtm.AbortAsync(Request(), reason, cancellationToken);

    internal TransactionRequest Request()
    {
        if (_options.Delay is not null && _options.CustomData is not null)
        {
            throw new InvalidOperationException(
                "The delay of a message is stored in custom_data: set only one of the two.");
        }

        var request = _dtm.Request(TransTypes.Msg, _options, Gid);
        request.Tags = _tags.ToRequest();
        _steps.Fill(request, _options.Results);
        request.QueryPrepared = _queryPrepared;
        request.Concurrent = _options.Concurrent ? true : null;
        if (_options.Delay is { } delay)
        {
            request.CustomData = JsonSerializer.Serialize(
                new MsgCustomData { Delay = delay.TotalSeconds }, ProtocolJson.Readable.MsgCustomData);
        }

        return request;
    }

    private Msg Add(string action, byte[] payload)
    {
        ArgumentNullException.ThrowIfNull(action);
        BranchUrls.Check(action, nameof(action));
        _steps.Add(new StepRequest { Action = action }, payload);
        return this;
    }
}
