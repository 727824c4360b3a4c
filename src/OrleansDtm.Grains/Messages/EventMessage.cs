using OrleansDtm.Core;

namespace OrleansDtm.Grains.Messages;

/// <summary>The message that sends an event to a transaction on another silo.</summary>
/// <param name="Event">The event.</param>
/// <param name="Wait">True to respond only when the transaction has ended or waits for a retry.</param>
[Immutable]
public sealed record EventMessage(TransactionEvent Event, bool Wait)
{
    /// <summary>
    /// Returns the event's name without its content, which may be secret: Orleans logs slow and lost messages.
    /// </summary>
    public override string ToString() => $"{nameof(EventMessage)} {Event.GetType().Name}";
}

/// <summary>The kind of event in a message. Silos exchange the values: add new ones, never change them.</summary>
[GenerateSerializer, Alias("dtm.event-kind")]
internal enum EventKind
{
    None = 0,
    Submit = 1,
    Prepare = 2,
    Abort = 3,
    Register = 4,
    FinishWorkflow = 5,
    TimeDue = 6,
    RetryNow = 7,
    RetryBranch = 8,
    ForceStop = 9,
    ResolveBranch = 10,

    /// <summary>
    /// A submit with a field that silos of an earlier version would ignore, such as tags. They refuse this kind.
    /// </summary>
    ExtendedSubmit = 11,

    /// <summary>A prepare with such a field.</summary>
    ExtendedPrepare = 12,

    /// <summary>A submit to a namespace: silos of an earlier version would call services with its stored gid.</summary>
    NamespacedSubmit = 13,

    /// <summary>A prepare in a namespace.</summary>
    NamespacedPrepare = 14,
}

/// <summary>The serialized form of an event. Each field is used only by the kinds named in its comment.</summary>
[GenerateSerializer, Alias("dtm.event")]
internal struct EventSurrogate
{
    [Id(0)]
    public EventKind Kind;

    [Id(1)]
    public bool Wait;

    /// <summary>Submit, prepare.</summary>
    [Id(2)]
    public DefinitionSurrogate Definition;

    /// <summary>Submit, prepare, register.</summary>
    [Id(3)]
    public BranchSurrogate[]? Branches;

    /// <summary>Abort, register: the value of Core's enum. Add new values, never change them.</summary>
    [Id(4)]
    public byte Type;

    /// <summary>Register, finish: a status.</summary>
    [Id(5)]
    public byte Status;

    /// <summary>Abort, finish, resolve branch; force stop: the operator.</summary>
    [Id(6)]
    public string? Reason;

    /// <summary>Finish; resolve branch.</summary>
    [Id(7)]
    public string? Result;

    /// <summary>Time due.</summary>
    [Id(8)]
    public long GoneOwner;

    /// <summary>Retry branch, resolve branch.</summary>
    [Id(9)]
    public string? BranchId;

    /// <summary>Retry branch, resolve branch.</summary>
    [Id(10)]
    public string? Op;

    /// <summary>
    /// Submit, prepare: the options that the request sets, as Core's flags. Add new values, never change them.
    /// </summary>
    [Id(11)]
    public int Named;
}

/// <summary>
/// Converts events to and from their serialized form. Events that arise on the transaction's own silo are never sent.
/// </summary>
[RegisterConverter]
internal sealed class EventConverter : IConverter<EventMessage, EventSurrogate>
{
    public EventSurrogate ConvertToSurrogate(in EventMessage value) => value.Event switch
    {
        TransactionEvent.Submit { Submission: var submission } => Of(
            IsNamespaced(submission) ? EventKind.NamespacedSubmit
            : IsExtended(submission) ? EventKind.ExtendedSubmit
            : EventKind.Submit,
            value,
            submission),
        TransactionEvent.Prepare { Submission: var submission } => Of(
            IsNamespaced(submission) ? EventKind.NamespacedPrepare
            : IsExtended(submission) ? EventKind.ExtendedPrepare
            : EventKind.Prepare,
            value,
            submission),
        TransactionEvent.Abort e =>
            new() { Kind = EventKind.Abort, Wait = value.Wait, Type = (byte)e.Type, Reason = e.Reason },
        TransactionEvent.Register e => new()
        {
            Kind = EventKind.Register,
            Wait = value.Wait,
            Type = (byte)e.Type,
            Status = (byte)e.Status,
            Branches = Surrogates.Of(e.Branches),
        },
        TransactionEvent.FinishWorkflow e => new()
        {
            Kind = EventKind.FinishWorkflow,
            Wait = value.Wait,
            Status = (byte)e.Status,
            Reason = e.Reason,
            Result = e.Result,
        },
        TransactionEvent.TimeDue e => new() { Kind = EventKind.TimeDue, Wait = value.Wait, GoneOwner = e.GoneOwner },
        TransactionEvent.RetryNow => new() { Kind = EventKind.RetryNow, Wait = value.Wait },
        TransactionEvent.RetryBranch e =>
            new() { Kind = EventKind.RetryBranch, Wait = value.Wait, BranchId = e.BranchId, Op = e.Op },
        TransactionEvent.ResolveBranch e => new()
        {
            Kind = EventKind.ResolveBranch,
            Wait = value.Wait,
            BranchId = e.BranchId,
            Op = e.Op,
            Reason = e.Reason,
            Result = e.Result,
        },
        TransactionEvent.ForceStop e => new() { Kind = EventKind.ForceStop, Wait = value.Wait, Reason = e.By },
        _ => throw new NotSupportedException($"{value.Event.GetType().Name} is not sent between silos."),
    };

    public EventMessage ConvertFromSurrogate(in EventSurrogate surrogate) => new(Event(surrogate), surrogate.Wait);

    /// <summary>Returns true if a silo of an earlier version would ignore a part of the submission.</summary>
    private static bool IsExtended(Submission submission) =>
        !submission.Definition.Tags.IsEmpty
            || submission.Definition.Options.AreExtended()
            || submission.Branches.Any(static b => b.Policy is not null);

    private static bool IsNamespaced(Submission submission) => Namespaces.IsQualified(submission.Definition.Gid);

    private static EventSurrogate Of(EventKind kind, EventMessage message, Submission submission) => new()
    {
        Kind = kind,
        Wait = message.Wait,
        Definition = Surrogates.Of(submission.Definition),
        Branches = Surrogates.Of(submission.Branches),
        Named = (int)submission.Named,
    };

    private static TransactionEvent Event(in EventSurrogate sent) => sent.Kind switch
    {
        EventKind.Submit or EventKind.ExtendedSubmit or EventKind.NamespacedSubmit =>
             new TransactionEvent.Submit(Submission(sent)),
        EventKind.Prepare or EventKind.ExtendedPrepare or EventKind.NamespacedPrepare =>
             new TransactionEvent.Prepare(Submission(sent)),
        EventKind.Abort => new TransactionEvent.Abort((TransactionType)sent.Type, sent.Reason ?? ""),
        EventKind.Register => new TransactionEvent.Register(
            (TransactionType)sent.Type, Surrogates.Branches(sent.Branches), (BranchStatus)sent.Status),
        EventKind.FinishWorkflow => new TransactionEvent.FinishWorkflow(
            (TransactionStatus)sent.Status, sent.Reason ?? "", sent.Result ?? ""),
        EventKind.TimeDue => TransactionEvent.TimeDue.After(sent.GoneOwner),
        EventKind.RetryNow => TransactionEvent.RetryNow.Instance,
        EventKind.RetryBranch => new TransactionEvent.RetryBranch(sent.BranchId ?? "", sent.Op ?? ""),
        EventKind.ResolveBranch => new TransactionEvent.ResolveBranch(
            sent.BranchId ?? "", sent.Op ?? "", sent.Reason ?? "", sent.Result),
        EventKind.ForceStop => new TransactionEvent.ForceStop(sent.Reason ?? ""),
        _ => throw new NotSupportedException($"Unknown event {sent.Kind}, sent by a newer coordinator version."),
    };

    private static Submission Submission(in EventSurrogate sent) =>
        new(Surrogates.Definition(sent.Definition), Surrogates.Branches(sent.Branches), (NamedOptions)sent.Named);
}
