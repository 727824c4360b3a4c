using System.Globalization;
using OrleansDtm.Faults.Histories;
using OrleansDtm.Faults.Services;

namespace OrleansDtm.Faults.Load;

/// <summary>
/// Submits a transaction as its pattern requires. Repeats each request until it is answered, alternating between the
/// silos.
/// </summary>
/// <param name="affair">The transaction.</param>
/// <param name="doors">The API clients, one for each silo.</param>
/// <param name="first">The index of the API client that is used first.</param>
/// <param name="history">The history that receives its events.</param>
/// <param name="service">The branches.</param>
/// <param name="patience">The time for which a request is repeated.</param>
// The semaphore has no handle, and a workflow may be resumed long after the submitter has died.
#pragma warning disable CA1001
internal sealed class Submitter(
    Affair affair, IReadOnlyList<IDoor> doors, int first, History history, BranchService service, TimeSpan patience)
#pragma warning restore CA1001
{
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(0.7);

    private readonly TransactionPlan _plan = affair.Plan;
    private readonly List<Task> _extras = [];
    private readonly SemaphoreSlim _workflow = new(1);
    private int _door = first;
    private int _words;
    private bool _dead;

    /// <summary>Runs the transaction until the submitter has no further request.</summary>
    public async Task Run()
    {
        service.Add(affair);
        affair.Resume = () => RunWorkflow(resumed: true);
        Repeat("retry");
        await (_plan.Type switch
        {
            "saga" => Say("submit"),
            "msg" => RunMsg(),
            "workflow" => RunWorkflow(resumed: false),
            _ => RunTwoPhase(),
        });
        await Task.WhenAll(_extras);
    }

    private async Task RunMsg()
    {
        if (!_plan.Prepares)
        {
            affair.Local.End(commit: true);
            history.Add(_plan.Gid, new LocalWork("has committed before"));
            await Say("submit");
            return;
        }

        if (await Say("prepare") is not { Code: 200 } || !affair.Local.Begin())
        {
            return; // query_prepared came first and inserted the barrier row, so the local transaction cannot commit.
        }

        await Think();

        // Recorded before the commit, because events that follow from the commit must come later in the history.
        history.Add(_plan.Gid, new LocalWork(_plan.MeansIt ? "commits" : "rolls back"));
        affair.Local.End(_plan.MeansIt);
        await Say(_plan.MeansIt ? "submit" : "abort");
    }

    private async Task RunTwoPhase()
    {
        if (await Say("prepare") is not { Code: 200 })
        {
            return;
        }

        var forward = _plan.MeansIt;
        for (var branch = 0; branch < _plan.Steps && !_dead; branch++)
        {
            await Think();
            if (await Say(string.Create(CultureInfo.InvariantCulture, $"reg{branch}")) is not { Code: 200 }
                || await service.Try(affair, string.Create(CultureInfo.InvariantCulture, $"t{branch}"))
                    != Answer.Success)
            {
                forward = false;
                break;
            }
        }

        var word = forward ? "submit" : "abort";
        if (await Say(word) is { Code: 200 })
        {
            Repeat("late");
        }
    }

    /// <summary>
    /// Runs the workflow from its stored progress. The coordinator calls it too, to resume. Runs one instance at a
    /// time, as the SDKs do.
    /// </summary>
    private async Task<bool> RunWorkflow(bool resumed)
    {
        await _workflow.WaitAsync();
        try
        {
            while (true)
            {
                if (await Say("prepare", resumed) is not { Code: 200, Progress: { } progress })
                {
                    return false;
                }

                if (progress.Status is "succeed" or "failed")
                {
                    return true;
                }

                var next = Enumerable.Range(0, _plan.Steps).FirstOrDefault(
                    i => !progress.Done.Contains(BranchAddress.Id(i)), -1);
                if (next < 0)
                {
                    return await Say(_plan.MeansIt ? "succeed" : "fail", resumed) is { Code: 200 or 409 };
                }

                await Think();
                history.Add(_plan.Gid, new LocalWork($"does step {next}"));
                if (await Say(string.Create(CultureInfo.InvariantCulture, $"reg{next}"), resumed) is not { Code: 200 })
                {
                    return false;
                }
            }
        }
        finally
        {
            _workflow.Release();
        }
    }

    private Task Think() => Task.Delay(Math.Min(40, 5 + _plan.PayloadBytes));

    /// <summary>Sends its next request; null = it died before it, or got no response within its patience.</summary>
    private async Task<Load.Heard?> Say(string word, bool resumed = false)
    {
        if (_dead && !resumed)
        {
            return null;
        }

        if (!resumed && ++_words == _plan.DiesAt)
        {
            _dead = true;
            history.Add(_plan.Gid, new LocalWork($"dies before it says {word}"));
            return null;
        }

        if (!resumed)
        {
            Repeat(word);
        }

        var until = history.Now + (resumed ? TimeSpan.Zero : patience);
        while (true)
        {
            var heard = await Once(word, doors[_door % doors.Count]);
            if (!heard.IsUnclear || history.Now >= until)
            {
                return heard.IsUnclear ? null : heard;
            }

            _door++;
            await Task.Delay(Again);
        }
    }

    private async Task<Load.Heard> Once(string word, IDoor door)
    {
        var request = history.NextNumber();
        var wait = _plan.Wait && word == "submit";
        history.Add(_plan.Gid, new Asked(request, word, wait, door.Silo));
        var heard = await door.Say(_plan, word, wait);
        var text = heard.Progress is { } progress ? progress.Status : heard.Text;
        history.Add(
            _plan.Gid, new Histories.Heard(request, word, wait, heard.Code, text.Length > 300 ? text[..300] : text));
        return heard;
    }

    /// <summary>
    /// Starts the planned repetitions of a request. They run concurrently with the submitter, as another client's
    /// would.
    /// </summary>
    private void Repeat(string word)
    {
        foreach (var extra in _plan.Extras.Where(e => e.Word == word))
        {
            _extras.Add(Later(extra));
        }
    }

    private async Task Later(Extra extra)
    {
        await Task.Delay(extra.After);
        var word = extra.Word == "late"
            ? string.Create(CultureInfo.InvariantCulture, $"late{_plan.Steps}")
            : extra.Word;
        await Once(word, doors[(_door + 1) % doors.Count]);
    }
}
