using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;
using OrleansDtm.Abstractions;
using OrleansDtm.Grains.Service;
using OrleansDtm.Storage;

namespace OrleansDtm.Grains.Batches;

/// <summary>
/// Runs jobs one after the other, the oldest first; namespaces take turns after each page. Its state is in the store:
/// after a crash another activation goes on at the last position, and repeats at most one page.
/// </summary>
[Reentrant]
internal sealed class BatchGrain(
    IKeyValueStore items,
    ITransactionStore store,
    TransactionService transactions,
    IOptions<DtmGrainOptions> options,
    ILogger<BatchGrain> log) : Grain, IBatchGrain, IDisposable
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(2);

    /// <summary>A job whose start was not announced is found after this time.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromMinutes(1);

    private readonly BatchStore _jobs = new(items);
    private readonly CancellationTokenSource _ending = new();
    private Task _working = Task.CompletedTask;
    private BatchRun? _run;
    private bool _again;
    private long _looked;

    /// <summary>The last turn of each namespace.</summary>
    private readonly Dictionary<string, long> _turns = new(StringComparer.Ordinal);
    private long _turn;

    public Task Wake()
    {
        _again = true;
        if (_working.IsCompleted)
        {
            _working = Work();
        }

        return Task.CompletedTask;
    }

    public Task Keep() =>
        _looked == 0 || options.Value.Clock.GetElapsedTime(_looked) > LookInterval ? Wake() : Task.CompletedTask;

    public async Task<TransactionReply> Stop(string id)
    {
        if (_run?.Job.Id == id)
        {
            await _run.Stop();
        }

        try
        {
            for (; ; )
            {
                if (await _jobs.Find(id, _ending.Token) is not { } found)
                {
                    return new TransactionReply { Kind = ReplyKind.NotFound, Message = "no such job" };
                }

                if (found.Job.Status == BatchJob.Stopped)
                {
                    return new TransactionReply { Kind = ReplyKind.Ok };
                }

                if (!found.Job.IsRunning)
                {
                    return new TransactionReply
                    {
                        Kind = ReplyKind.Conflict,
                        Message = $"the job is {found.Job.Status}",
                    };
                }

                var stopped = found.Job with { Status = BatchJob.Stopped, Updated = options.Value.Clock.GetUtcNow() };
                if (await _jobs.Put(stopped, found.Version, _ending.Token))
                {
                    return new TransactionReply { Kind = ReplyKind.Ok };
                }
            }
        }
        catch (StoreUnavailableException e)
        {
            return new TransactionReply { Kind = ReplyKind.Unavailable, Message = e.Message };
        }
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        await _ending.CancelAsync();
        await _working;
    }

    public void Dispose() => _ending.Dispose();

    /// <summary>Runs all unfinished jobs.</summary>
    private async Task Work()
    {
        while (!_ending.IsCancellationRequested)
        {
            try
            {
                _again = false;
                _looked = options.Value.Clock.GetTimestamp();
                var running = (await _jobs.All(_ending.Token)).Where(static job => job.IsRunning)
                    .GroupBy(static job => job.By.Namespace)
                    .ToArray();
                var next = running.MinBy(of => _turns.GetValueOrDefault(of.Key))?.Last();
                if (next is null && !_again)
                {
                    break;
                }

                if (next is null)
                {
                    continue; // One was stored meanwhile.
                }

                _run = new BatchRun(next.Id, _jobs, store, transactions, options.Value);
                _turns[next.By.Namespace] = ++_turn;
                await _run.Run(() => _again || running.Length > 1, _ending.Token);
            }
            catch (OperationCanceledException) when (_ending.IsCancellationRequested)
            {
                break; // Another activation goes on.
            }
            catch (Exception e)
            {
                // Any: the job stays in the store and is tried again.
                log.JobInterrupted(e, _run?.Job.Id ?? "");
                await Task.Delay(Retry, options.Value.Clock, CancellationToken.None);
            }
            finally
            {
                _run = null;
            }
        }
    }
}
