using System.Collections.Immutable;
using System.Text.Json;
using OrleansDtm.Core;
using OrleansDtm.Grains;
using OrleansDtm.Grains.Service;
using OrleansDtm.Protocol;

namespace OrleansDtm.Import;

/// <summary>
/// Converts an unfinished transaction of DTM into ours, with its progress. It must pass the checks of a submission,
/// because the coordinator relies on them. Pure.
/// </summary>
internal sealed class DtmMapper(RequestOptions options)
{
    /// <summary>More consecutive failures do not change the backoff delay.</summary>
    private const int FailuresMax = 30;

    private readonly RequestValidator _validator = new(options);

    /// <exception cref="RequestException">It cannot be imported; the message names the field.</exception>
    public Transaction Map(DtmTransaction row, IReadOnlyList<DtmBranch> branches, DateTimeOffset now)
    {
        var type = RequestValidator.Type(row.Type);
        var status = StatusOf(row, type);
        var created = Milliseconds(row.Created ?? row.Updated ?? now);
        var calls = DtmBranchRules.Check(type, branches)
            .Select(b => Branch(b, created))
            .ToImmutableArray();
        var definition = Definition(row, type, status, calls, created);
        var left = new Transaction
        {
            Definition = definition,
            Branches = calls,
            Status = status,
            RollbackReason = RequestValidator.Reason(row.RollbackReason),
            Result = row.Result,
            Updated = Milliseconds(row.Updated ?? created),
        };
        return TransactionMachine.Adopt(left, row.NextTry, Failures(row, definition.Options), now) with { Version = 1 };
    }

    private static TransactionStatus StatusOf(DtmTransaction row, TransactionType type)
    {
        var status = Names.Status(row.Status);
        var possible = status switch
        {
            TransactionStatus.Prepared => type is not TransactionType.Saga,
            TransactionStatus.Submitted => type is not TransactionType.Workflow,
            TransactionStatus.Aborting => type is TransactionType.Saga or TransactionType.Tcc or TransactionType.Xa,
            _ => false,
        };
        return possible
            ? status
            : throw new RequestException(
                "status", $"'{RequestValidator.Printable(row.Status)}' is not one of an unfinished {Names.Of(type)}");
    }

    private static BranchOp Branch(DtmBranch row, DateTimeOffset created)
    {
        var status = DtmBranchRules.Status(row);
        var isDone = status != BranchStatus.Prepared;
        return new BranchOp
        {
            Definition = new BranchOpDefinition(
                row.BranchId, row.Op, row.Url, row.Data, Milliseconds(row.Created ?? created)),
            Status = status,
            Started = isDone,
            Finished = isDone ? Milliseconds(row.Finished ?? created) : null,
        };
    }

    private TransactionDefinition Definition(
        DtmTransaction row,
        TransactionType type,
        TransactionStatus status,
        ImmutableArray<BranchOp> calls,
        DateTimeOffset created)
    {
        var request = Request(row, type, calls);
        return _validator.Submission(
            request, space: "", prepare: status == TransactionStatus.Prepared, created).Definition;
    }

    /// <summary>The request of its submitter: DTM stores the options unchanged, the rest in columns.</summary>
    private static TransactionRequest Request(DtmTransaction row, TransactionType type, ImmutableArray<BranchOp> calls)
    {
        var request = Json(
            row.Options,
            "options",
            static text => JsonSerializer.Deserialize(text, ProtocolJson.Default.TransactionRequest))
            ?? new TransactionRequest();
        request.Gid = row.Gid;
        request.TransType = row.Type;
        request.Protocol = row.Protocol;
        request.QueryPrepared = row.QueryPrepared;
        request.CustomData = row.CustomData;
        request.BranchHeaders = Headers(row, request.BranchHeaders);
        var steps = DtmBranchRules.Steps(type, calls);
        request.Steps = [.. steps.Select(static s => new StepRequest { Action = s.Action, Compensate = s.Compensate })];
        request.BinPayloads = [.. steps.Select(static s => s.Payload)];
        return request;
    }

    /// <summary>
    /// The passed headers of the submission; headers of the options override them, as in DTM's calls.
    /// </summary>
    private static Dictionary<string, string?>? Headers(DtmTransaction row, Dictionary<string, string?>? asked)
    {
        var passed = Json(row.ExtData, "ext_data", static text =>
        {
            using var json = JsonDocument.Parse(text);
            return json.RootElement.TryGetProperty("headers", out var headers)
                ? headers.Deserialize(ProtocolJson.Default.DictionaryStringString)
                : null;
        });
        if (passed is null)
        {
            return asked;
        }

        var all = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in passed)
        {
            all[name] = value; // DTM may have stored two spellings of one name.
        }

        foreach (var (name, value) in asked ?? [])
        {
            all[name] = value;
        }

        return all;
    }

    private static T? Json<T>(string text, string column, Func<string, T?> read)
        where T : class
    {
        try
        {
            return text.Length == 0 ? null : read(text);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new RequestException(column, $"is not the JSON that DTM writes there: {e.Message}");
        }
    }

    /// <summary>DTM stores no count, but doubles the interval for each error.</summary>
    private static int Failures(DtmTransaction row, TransactionOptions options)
    {
        var failures = 0;
        var wait = options.RetryInterval;
        for (; wait.TotalSeconds < row.NextInterval && failures < FailuresMax; wait *= 2)
        {
            failures++;
        }

        return failures;
    }

    private static DateTimeOffset Milliseconds(DateTimeOffset moment) =>
        moment.AddTicks(-(moment.Ticks % TimeSpan.TicksPerMillisecond)).ToUniversalTime();
}
