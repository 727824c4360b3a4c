using OrleansDtm.Core;
using OrleansDtm.Storage;
using Xunit;

namespace OrleansDtm.Tests.Support.Storage;

/// <summary>The conformance tests of a store. Each store derives its tests from this class.</summary>
public abstract partial class TransactionStoreConformance : IAsyncLifetime
{
    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    protected ITransactionStore Store { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Store = Create();
        await Store.Start(Token);
    }

    public virtual async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task EveryMember_ComesBackAsItWas()
    {
        var state = StoredSamples.Rich("rich");
        Assert.Equal(WriteResult.Written, await Write(StoredSamples.Insert(state, 99)));

        var stored = await Store.Load("rich", Token);
        Assert.NotNull(stored);
        Assert.Equal(99, stored.Owner);
        Assert.True(stored.Id > 0);
        Assert.Equal(StoredSamples.Describe(state), StoredSamples.Describe(stored.Transaction));
    }

    [Fact]
    public async Task Bare_ComesBackAsItWas()
    {
        var state = StoredSamples.Plain("bare") with { Branches = [] };
        await Write(StoredSamples.Insert(state));
        Assert.Equal(
            StoredSamples.Describe(state), StoredSamples.Describe((await Store.Load("bare", Token))?.Transaction));
    }

    [Fact]
    public async Task Load_Unknown_IsNull() => Assert.Null(await Store.Load("nobody", Token));

    [Fact]
    public async Task Insert_OfExistingGid_ConflictsAndLeavesTheFirst()
    {
        var first = StoredSamples.Rich("twice");
        await Write(StoredSamples.Insert(first, 1));
        Assert.Equal(WriteResult.Conflict, await Write(StoredSamples.Insert(StoredSamples.Plain("twice"), 2)));

        var stored = await Store.Load("twice", Token);
        Assert.Equal((1, StoredSamples.Describe(first)), (stored!.Owner, StoredSamples.Describe(stored.Transaction)));
    }

    [Fact]
    public async Task Update_WithTheStoredVersion_IsWritten()
    {
        var state = StoredSamples.Plain("u", due: StoredSamples.Start);
        await Write(StoredSamples.Insert(state, 5));
        var update = StoredSamples.Update(state, static t => StoredSamples.Finish(t with
        {
            RollbackReason = "x",
            Branches = [t.Branches[0] with { Attempts = 3 }],
        }));
        Assert.Equal(WriteResult.Written, await Write(update));

        var stored = await Store.Load("u", Token);
        Assert.Equal(
            (0, StoredSamples.Describe(update.Next)), (stored!.Owner, StoredSamples.Describe(stored.Transaction)));
    }

    [Fact]
    public async Task Update_WithAnotherVersion_ConflictsAndChangesNothing()
    {
        var state = StoredSamples.Plain("u");
        await Write(StoredSamples.Insert(state));
        var second = StoredSamples.Update(state, static t => t with { Result = "second" });
        await Write(second);
        var late = StoredSamples.Update(state, static t => t with
        {
            Result = "late",
            Branches = [.. t.Branches, new BranchOp { Definition = StoredSamples.Call("02", "try") }],
        });
        var ahead = StoredSamples.Update(second.Next with { Version = 9 }, static t => t with { Result = "ahead" });
        Assert.Equal(WriteResult.Conflict, await Write(late));
        Assert.Equal(WriteResult.Conflict, await Write(ahead));
        Assert.Equal(
            StoredSamples.Describe(second.Next), StoredSamples.Describe((await Store.Load("u", Token))!.Transaction));
    }

    [Fact]
    public async Task Update_OfNothing_Conflicts()
    {
        Assert.Equal(
            WriteResult.Conflict, await Write(StoredSamples.Update(StoredSamples.Plain("ghost"), static t => t)));
        Assert.Null(await Store.Load("ghost", Token));
    }

    [Fact]
    public async Task Updates_SideBySide_ExactlyOneWins()
    {
        for (var round = 0; round < 20; round++)
        {
            var state = StoredSamples.Plain($"race{round}");
            await Write(StoredSamples.Insert(state));
            var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(i =>
                Task.Run(() => Write(StoredSamples.Update(state, t => t with { Result = $"{i}" })), Token)));
            Assert.Single(results, WriteResult.Written);
            var winner = Array.IndexOf(results, WriteResult.Written);
            Assert.Equal($"{winner}", (await Store.Load(state.Definition.Gid, Token))!.Transaction.Result);
        }
    }

    [Fact]
    public async Task Branches_AppendedLater_ComeBackInOrder()
    {
        var state = StoredSamples.Plain("tcc") with { Branches = [] };
        await Write(StoredSamples.Insert(state));
        for (var i = 1; i <= 12; i++)
        {
            var id = $"{i:d2}";
            var write = StoredSamples.Update(state, t => t with
            {
                Branches =
                [
                    .. t.Branches,
                    new BranchOp { Definition = StoredSamples.Call(id, "cancel") },
                    new BranchOp { Definition = StoredSamples.Call(id, "confirm"), Attempts = i },
                ],
            });
            Assert.Equal(WriteResult.Written, await Write(write));
            state = StoredSamples.Update(write.Next, static t => t with { RetryCount = t.RetryCount + 1 }).Next;
            Assert.Equal(WriteResult.Written, await Write(new TransactionWrite(write.Next, state, 0)));
        }

        Assert.Equal(
            StoredSamples.Describe(state), StoredSamples.Describe((await Store.Load("tcc", Token))!.Transaction));
        var listed = Assert.Single(await Store.List(new TransactionFilter(), Token));
        Assert.Equal(
            state.Branches.Select(static b => b.Definition.Id),
            listed.Transaction.Branches.Select(static b => b.Definition.Id));
        Assert.All(
            listed.Transaction.Branches,
            static b => Assert.True(b.Definition.Payload.IsEmpty, "a listing keeps no payloads"));
    }

    /// <summary>Each result is written once, with the write that has it; some are long.</summary>
    [Fact]
    public async Task Results_ComeBackAndAreNotListed()
    {
        var plain = StoredSamples.Plain("results");
        var state = plain with
        {
            Definition = plain.Definition with { Options = new TransactionOptions { ResultBytesMax = 1 << 20 } },
            Branches =
            [
                .. Enumerable.Range(1, 5).Select(
                    static i => new BranchOp { Definition = StoredSamples.Call($"{i:d2}", BranchOps.Action) }),
            ],
        };
        await Write(StoredSamples.Insert(state));
        StepResult[] results =
        [
            new(new byte[] { 0, 255 }), new(default), new(default, "it is too long"), new(new byte[200_000]),
            new("{\"id\":\"é\"}"u8.ToArray()),
        ];
        foreach (var (first, last) in ((int, int)[])[(0, 2), (3, 3), (4, 4)]) // Several in one write, and single ones.
        {
            var write = StoredSamples.Update(state, t => t with
            {
                Branches =
                [
                    .. t.Branches.Select(
                        (b, i) => i >= first && i <= last
                            ? b with { Status = BranchStatus.Succeed, Result = results[i] }
                            : b),
                ],
            });
            Assert.Equal(WriteResult.Written, await Write(write));
            Assert.Equal(WriteResult.Conflict, await Write(write)); // A lost version adds nothing.
            state = (await Store.Load("results", Token))!.Transaction;
            Assert.Equal(StoredSamples.Describe(write.Next), StoredSamples.Describe(state));
        }

        var listed = Assert.Single(await Store.List(new TransactionFilter(), Token));
        Assert.All(listed.Transaction.Branches, static b => Assert.Null(b.Result));
    }

    [Fact]
    public async Task Options_OfALaterSubmit_TakeThePlaceOfThoseBefore()
    {
        var state = StoredSamples.Plain("options") with { Branches = [] };
        await Write(StoredSamples.Insert(state));
        var joined = StoredSamples.Update(
            state,
            static t => t with { Branches = [new BranchOp { Definition = StoredSamples.Call("01", "confirm") }] });
        await Write(joined);

        var rich = StoredSamples.Rich("options").Definition;
        var submitted = StoredSamples.Update(joined.Next, t => t with
        {
            Definition = t.Definition with
            {
                Options = rich.Options,
                BranchHeaders = rich.BranchHeaders,
                CustomData = rich.CustomData,
                NoticeUrl = rich.NoticeUrl,
                Submitted = rich.Submitted,
            },
            Branches = [.. t.Branches, new BranchOp { Definition = StoredSamples.Call("02", "confirm") }],
        });
        Assert.Equal(WriteResult.Written, await Write(submitted));
        Assert.Equal(
            StoredSamples.Describe(submitted.Next),
            StoredSamples.Describe((await Store.Load("options", Token))!.Transaction));

        var gone = StoredSamples.Update(submitted.Next, static t => t with
        {
            Branches = [.. t.Branches, new BranchOp { Definition = StoredSamples.Call("03", "confirm") }],
        });
        Assert.Equal(WriteResult.Written, await Write(gone));
        Assert.Equal(WriteResult.Conflict, await Write(submitted));
        Assert.Equal(
            StoredSamples.Describe(gone.Next),
            StoredSamples.Describe((await Store.Load("options", Token))!.Transaction));
        var listed = Assert.Single(await Store.List(new TransactionFilter { Gid = "options" }, Token));
        Assert.Equal(rich.CustomData, listed.Transaction.Definition.CustomData);
    }

    [Fact]
    public async Task Gids_CompareBytewise()
    {
        string[] gids =
        [
            "gid", "GID", "Gid", "gid ", " gid", "gid\t",
            "gíd", "gi\u0301d", "gïd", "ß", "ss", "😀", "😁", "%", "_", "gi%", "'; --", new('x', 128), new('é', 128),
        ];
        foreach (var gid in gids)
        {
            Assert.Equal(
                WriteResult.Written,
                await Write(StoredSamples.Insert(StoredSamples.Plain(gid, due: StoredSamples.Start))));
        }

        foreach (var gid in gids)
        {
            Assert.Equal(gid, (await Store.Load(gid, Token))?.Transaction.Definition.Gid);
            var listed = await Store.List(new TransactionFilter { Gid = gid }, Token);
            Assert.Equal(gid, Assert.Single(listed).Transaction.Definition.Gid);
        }

        Assert.Equal(gids, (await Store.FindDue(StoredSamples.Start, null, 100, Token)).Select(static d => d.Gid));
    }

    [Fact]
    public async Task Gid_ThatCannotBeKeptExactly_IsRefused()
    {
        // No inline data: attributes are stored as UTF-8, which has no half surrogate pairs.
        foreach (var gid in (string[])["", "a\0b", "half \ud83d pair", "\ude00", "end \ud83d", new('x', 129)])
        {
            await Assert.ThrowsAsync<ArgumentException>(() => Write(StoredSamples.Insert(StoredSamples.Plain(gid))));
        }
    }

    [Fact]
    public async Task Write_ThatContradictsItself_IsRefused()
    {
        var state = StoredSamples.Plain("w");
        await Assert.ThrowsAsync<ArgumentException>(() => Write(StoredSamples.Insert(state with { Version = 2 })));
        await Assert.ThrowsAsync<ArgumentException>(() => Write(new TransactionWrite(state, state, 0)));
        await Assert.ThrowsAsync<ArgumentException>(
            () => Write(StoredSamples.Update(state, static t => t with { Branches = [] })));
    }

    [Fact]
    public async Task Text_WithHalfASurrogatePair_DoesNotBreakTheWrite()
    {
        await Write(StoredSamples.Insert(StoredSamples.Plain("t") with { RollbackReason = "cut \ud83d" }));
        Assert.Equal("cut \ufffd", (await Store.Load("t", Token))!.Transaction.RollbackReason);
    }

    [Fact]
    public async Task Ping_Answers() => await Store.Ping(Token);

    /// <summary>Creates the store without calling <see cref="ITransactionStore.Start"/>.</summary>
    protected abstract ITransactionStore Create();

    protected Task<WriteResult> Write(TransactionWrite write) => Store.Write(write, Token);

    /// <summary>Closes the store and opens it again.</summary>
    protected async Task Reopen()
    {
        await Store.DisposeAsync();
        await InitializeAsync();
    }
}
