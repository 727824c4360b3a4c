using System.Globalization;
using System.Linq.Expressions;
using System.Text.Json;
using OrleansDtm.Protocol;

namespace OrleansDtm.Client;

/// <summary>
/// Steps with compensations: all succeed, or those that ran are compensated in reverse order. Created by
/// <see cref="IDtm.Saga"/>. URLs are http(s):// or others that the coordinator supports; an empty URL is not called.
/// </summary>
public sealed class Saga
{
    private readonly Dtm _dtm;
    private readonly SagaOptions _options;
    private readonly TagSet _tags;
    private readonly StepList _steps;
    private readonly Dictionary<string, int[]?> _orders = [];

    internal Saga(Dtm dtm, SagaOptions options)
    {
        _dtm = dtm;
        _options = options;
        _tags = new TagSet(options);
        _steps = new StepList(dtm);
        Gid = Dtm.NewGid(options);
    }

    /// <summary>The gid. Submitting the saga again is idempotent.</summary>
    public string Gid { get; }

    /// <summary>Adds a step without a body: its calls are GETs.</summary>
    /// <param name="action">URL of the action.</param>
    /// <param name="compensate">URL of the compensation.</param>
    /// <exception cref="ArgumentException">A URL's query has a reserved name: gid, trans_type, branch_id, op,
    /// phase2_url.</exception>
    public Saga Step(string action, string compensate) => Add(action, compensate, []);

    /// <summary>Adds a step whose body goes to both calls.</summary>
    /// <param name="action">URL of the action.</param>
    /// <param name="compensate">URL of the compensation.</param>
    /// <param name="payload">Serialized to JSON, except bytes and protobuf messages, which are sent unchanged (over
    /// HTTP they must be UTF-8 text).</param>
    /// <exception cref="ArgumentException">The bytes are not text and the coordinator is called over HTTP, or a URL's
    /// query has a reserved name.</exception>
    public Saga Step<T>(string action, string compensate, T payload) => Add(action, compensate, _dtm.Body(payload));

    /// <summary>Sets options of the step added last; OrleansDtm only.</summary>
    /// <param name="action">Of its action; null = the transaction's.</param>
    /// <param name="compensate">Of its compensation; null = the transaction's.</param>
    /// <exception cref="InvalidOperationException">There is no step.</exception>
    public Saga WithPolicy(StepPolicy? action, StepPolicy? compensate = null)
    {
        var step = _steps.Last;
        (action ?? new StepPolicy()).Fill(step);
        step.CompensatePolicy = compensate is null ? null : new CompensatePolicyRequest();
        compensate?.Fill(step.CompensatePolicy!);
        return this;
    }

    /// <summary>
    /// Names what the action of the step added last answers, for <c>WithResultOf</c> and for its result after the end.
    /// OrleansDtm only, as the other methods for results.
    /// </summary>
    /// <typeparam name="T">The answer, in JSON.</typeparam>
    /// <param name="result">The result.</param>
    /// <exception cref="InvalidOperationException">There is no step.</exception>
    public Saga Returns<T>(out StepResult<T> result)
    {
        result = _steps.ResultOfLast<T>();
        return this;
    }

    /// <summary>
    /// Adds a part of the result of an earlier step to the payload of the step added last. If the answer does not have
    /// the part, the step fails.
    /// </summary>
    /// <param name="step">The earlier step, which surely ends before this one.</param>
    /// <param name="part">Members and indexes only: <c>r => r.Items[0].Price</c>.</param>
    /// <param name="name">The member of the payload; null (default) = the name of the part, such as price.</param>
    /// <exception cref="ArgumentException">The part is not understood, or the payload has the member.</exception>
    /// <exception cref="InvalidOperationException">There is no step, or its payload is not a JSON object.</exception>
    public Saga WithResultOf<T, TPart>(StepResult<T> step, Expression<Func<T, TPart>> part, string? name = null)
    {
        _steps.Use(step, part, name, compensation: false);
        return this;
    }

    /// <summary>Gives the compensation of the step added last a body of its own; OrleansDtm only.</summary>
    /// <param name="payload">As for a step.</param>
    /// <exception cref="InvalidOperationException">There is no step.</exception>
    public Saga CompensateWith<T>(T payload)
    {
        _steps.CompensateWith(_dtm.Body(payload));
        return this;
    }

    /// <summary>
    /// Adds a part of a result to the payload of the compensation of the step added last. The step can be that step
    /// itself: the part is null if its action did not succeed.
    /// </summary>
    /// <param name="step">The step, or an earlier one.</param>
    /// <param name="part">Members and indexes only: <c>r => r.ReservationId</c>.</param>
    /// <param name="name">The member of the payload; null (default) = the name of the part.</param>
    /// <exception cref="ArgumentException">The part is not understood, or the payload has the member.</exception>
    /// <exception cref="InvalidOperationException">There is no step, or the payload is not a JSON object.</exception>
    public Saga CompensateWithResultOf<T, TPart>(
        StepResult<T> step, Expression<Func<T, TPart>> part, string? name = null)
    {
        _steps.Use(step, part, name, compensation: true);
        return this;
    }

    /// <summary>Lets a step of a concurrent saga wait for others.</summary>
    /// <param name="step">Index of the step, from 0.</param>
    /// <param name="after">Indexes of its predecessors.</param>
    /// <exception cref="InvalidOperationException">The saga is not concurrent: its steps run one after the
    /// other.</exception>
    public Saga Order(int step, params int[] after)
    {
        if (!_options.Concurrent)
        {
            throw new InvalidOperationException(
                $"Set {nameof(SagaOptions)}.{nameof(SagaOptions.Concurrent)}: the steps run one after the other.");
        }

        _orders[step.ToString(CultureInfo.InvariantCulture)] = after;
        return this;
    }

    /// <summary>Adds a tag to find the saga by; OrleansDtm only. See <see cref="TransOptions.Tags"/>.</summary>
    /// <param name="key">The key; the same key again replaces the value.</param>
    /// <param name="value">The value, in its invariant form.</param>
    public Saga Tag<T>(string key, T value)
        where T : notnull
    {
        _tags.Add(key, value);
        return this;
    }

    /// <summary>Submits the saga.</summary>
    /// <param name="cancellationToken">Cancels the wait; it is then unknown whether it was submitted.</param>
    /// <returns>Submitted; or, with <see cref="TransOptions.WaitResult"/>, the state when it ended or waited for a
    /// retry.</returns>
    /// <exception cref="DtmConflictException">The gid exists in a status that does not allow a submit.</exception>
    /// <exception cref="DtmUnavailableException">It is unknown whether it was submitted: query the status, or submit it
    /// again.</exception>
    /// <exception cref="DtmException">It was refused.</exception>
    public Task<TransactionResult> SubmitAsync(CancellationToken cancellationToken = default) =>
        _dtm.SubmitAsync(Request(), cancellationToken);

    /// <summary>Submits the saga and waits until it has ended, including retries.</summary>
    /// <param name="timeout">The timeout; <see cref="Timeout.InfiniteTimeSpan"/> = none.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="TimeoutException">It was submitted, but has not ended in time; it continues.</exception>
    /// <exception cref="DtmException">As for a submit.</exception>
    public Task<TransactionResult> SubmitAndWaitAsync(
        TimeSpan timeout, CancellationToken cancellationToken = default) =>
        _dtm.SubmitAndWaitAsync(Request(), timeout, cancellationToken);

    internal TransactionRequest Request()
    {
        if (_options.Concurrent && _options.CustomData is not null)
        {
            throw new InvalidOperationException(
                "The orders of a concurrent saga are stored in custom_data: set only one of the two.");
        }

        var request = _dtm.Request(TransTypes.Saga, _options, Gid);
        request.Tags = _tags.ToRequest();
        _steps.Fill(request, _options.Results);
        request.RetryLimit = _options.RetryLimit > 0 ? _options.RetryLimit : null;
        if (_options.Concurrent)
        {
            // Both are always sent: DTM's own server reads orders without a check.
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
        _steps.Add(new StepRequest { Action = action, Compensate = compensate }, payload);
        return this;
    }
}
