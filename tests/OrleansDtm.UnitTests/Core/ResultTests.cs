using System.Text;
using FsCheck;
using FsCheck.Fluent;
using OrleansDtm.Core;
using Xunit;
using Outcome = OrleansDtm.Core.Outcome;

namespace OrleansDtm.UnitTests.Core;

/// <summary>Answers of actions that are kept, and their use in payloads.</summary>
public sealed class ResultTests
{
    private static readonly DateTimeOffset Now = TransactionRun.Start;

    [Theory]
    [InlineData("{\"a\":{\"$result\":\"01\",\"pointer\":\"/id\"}}", "{\"a\":7}")]
    [InlineData("{\"a\":{\"pointer\":\"/id\",\"$result\":\"01\"}, \"b\" : 1.10 }", "{\"a\":7, \"b\" : 1.10 }")]
    [InlineData("[ {\"$result\":\"01\"} ]", "[ {\"id\":7,\"p\":[1.50,{\"q\":\"\\u00e9\"}]} ]")]
    [InlineData("{\"$result\":\"01\",\"pointer\":\"/p/0\"}", "1.50")]
    [InlineData(
        "[{\"$result\":\"01\",\"pointer\":\"/p/1/q\"},{\"$result\":\"01\",\"pointer\":\"/id\"}]", "[\"\\u00e9\",7]")]
    [InlineData("{\"\\u0024result\":\"01\",\"pointer\":\"/id\"}", "7")]
    [InlineData("{\"x\":\"$result\"}", "{\"x\":\"$result\"}")]
    [InlineData("{\"pointer\":1}", "{\"pointer\":1}")]
    [InlineData("not json {\"$result\":\"01\"}", "not json {\"$result\":\"01\"}")]
    public void A_payload_gets_the_parts_and_keeps_every_other_byte(string payload, string sent)
    {
        var run = new Run(Step("{}"), Step(payload));
        var call = run.Answer(1, """{"id":7,"p":[1.50,{"q":"\u00e9"}]}""").Calls.Single();
        Assert.Equal(sent, run.Sent(call));
    }

    [Theory]
    [InlineData("plain text", "\"plain text\"")]
    [InlineData("", "\"\"")]
    [InlineData("3 ", "3")]
    public void The_whole_of_an_answer_that_is_not_JSON_is_a_text(string answer, string sent)
    {
        var run = new Run(Step("{}"), Step("""{"a":{"$result":"01"}}"""));
        Assert.Equal($"{{\"a\":{sent}}}", run.Sent(run.Answer(1, answer).Calls.Single()));
    }

    [Fact]
    public void The_whole_of_a_binary_answer_is_base64()
    {
        var run = new Run(Step("{}"), Step("""{"a":{"$result":"01"}}"""));
        var call = run.Answer(1, new StepResult(new byte[] { 0, 255, 128 })).Calls.Single();
        Assert.Equal("""{"a":"AP+A"}""", run.Sent(call));
    }

    [Theory]
    [InlineData("{\"id\":7}", "/price", "the result of step 01 has no /price")]
    [InlineData("ok", "/price", "the result of step 01 is not JSON")]
    public void A_part_that_is_missing_fails_the_step(string answer, string pointer, string reason)
    {
        var run = new Run(Step("{}"), Step($$$"""{"a":{"$result":"01","pointer":"{{{pointer}}}"}}"""));
        var call = run.Answer(1, answer).Calls.Single();
        Assert.Equal(reason, run.Problem(call));
        var back = run.Send(new TransactionEvent.BranchAnswered(
            3, Outcome.Failed(reason) with { IsUnsent = true }, TimeSpan.Zero));
        Assert.Equal(TransactionStatus.Aborting, run.State.Status);
        Assert.Contains(reason, run.State.RollbackReason, StringComparison.Ordinal);
        Assert.Equal([0], back.Calls.Select(static c => c.Index)); // It was never called: only step 01 is undone.
    }

    [Fact]
    public void An_answer_that_is_too_long_is_not_kept_and_fails_the_step_that_needs_it()
    {
        var run = new Run(10, Step("{}"), Step("""{"a":{"$result":"01"}}"""));
        var call = run.Answer(1, "12345678901").Calls.Single();
        Assert.Contains("longer than 10 bytes", run.Problem(call), StringComparison.Ordinal);
        Assert.Equal(0, run.State.Branches[1].Result!.Body.Length);
    }

    [Fact]
    public void All_results_together_have_a_limit()
    {
        var run = new Run(10, [.. Enumerable.Repeat(Step("{}"), StepResult.TotalFactor + 1)]);
        for (var step = 0; step < StepResult.TotalFactor; step++)
        {
            run.Answer((2 * step) + 1, "1234567890");
        }

        run.Answer((2 * StepResult.TotalFactor) + 1, "1");
        Assert.NotNull(run.State.Branches[^1].Result!.Omitted);
        Assert.Null(run.State.Branches[^3].Result!.Omitted);
        Assert.Equal(TransactionStatus.Succeed, run.State.Status);
    }

    [Fact]
    public void A_compensation_uses_the_result_of_its_own_action()
    {
        var undo = """{"id":{"$result":"01","pointer":"/id"}}""";
        var run = new Run(Step("{}", undo), Step("{}", """{"id":{"$result":"02","pointer":"/id"}}"""));
        run.Answer(1, """{"id":"r-1"}""");
        var second = run.Send(new TransactionEvent.BranchAnswered(3, Outcome.Failed("full"), TimeSpan.Zero));
        Assert.Equal("""{"id":null}""", run.Sent(second.Calls.Single())); // It was refused.
        var first = run.Send(new TransactionEvent.BranchAnswered(2, Outcome.Succeeded, TimeSpan.Zero));
        Assert.Equal("""{"id":"r-1"}""", run.Sent(first.Calls.Single()));
    }

    [Fact]
    public void A_compensation_without_the_part_is_an_error_not_a_null()
    {
        var run = new Run(Step("{}", """{"id":{"$result":"01","pointer":"/id"}}"""), Step("{}"));
        run.Answer(1, "{}");
        run.Send(new TransactionEvent.BranchAnswered(3, Outcome.Failed("full"), TimeSpan.Zero));
        var call = run.Send(new TransactionEvent.BranchAnswered(2, Outcome.Succeeded, TimeSpan.Zero)).Calls.Single();
        Assert.Equal((0, "the result of step 01 has no /id"), (call.Index, run.Problem(call)));
        run.Send(new TransactionEvent.BranchAnswered(
            0, Outcome.Failed(run.Problem(call)!) with { IsUnsent = true }, TimeSpan.Zero));

        // No retry would change it, so it is put aside at once and waits for an operator.
        Assert.True(run.State.IsParked);
        Assert.Equal("the result of step 01 has no /id", run.State.Branches[0].LastError);
        run.Send(new TransactionEvent.ResolveBranch("01", "compensate", "cancelled by hand"));
        Assert.Equal(TransactionStatus.Failed, run.State.Status);
    }

    [Fact]
    public void A_step_that_is_resolved_by_hand_needs_the_result_that_a_later_one_uses()
    {
        var run = new Run(
            Step("{}", """{"id":{"$result":"01","pointer":"/id"}}"""),
            Step("""{"a":{"$result":"01","pointer":"/id"}}"""));
        run.Send(new TransactionEvent.BranchAnswered(1, Outcome.Unknown("lost"), TimeSpan.Zero));
        var refused = run.Send(new TransactionEvent.ResolveBranch("01", "action", "done"));
        Assert.Equal(
            (RejectionKind.Invalid, "result: is missing; a payload uses the result of branch 01"),
            (refused.Rejection!.Kind, refused.Rejection.Message));
        var call = run.Send(new TransactionEvent.ResolveBranch("01", "action", "done", """{"id":7}""")).Calls.Single();
        Assert.Equal("""{"a":7}""", run.Sent(call));
    }

    [Fact]
    public void A_compensation_of_what_was_resolved_by_hand_gets_null()
    {
        var run = new Run(Step("{}", """{"id":{"$result":"01","pointer":"/id"}}"""), Step("{}"));
        run.Send(new TransactionEvent.BranchAnswered(1, Outcome.Unknown("lost"), TimeSpan.Zero));
        run.Send(new TransactionEvent.ResolveBranch("01", "action", "done"));
        run.Send(new TransactionEvent.BranchAnswered(3, Outcome.Failed("full"), TimeSpan.Zero));
        var call = run.Send(new TransactionEvent.BranchAnswered(2, Outcome.Succeeded, TimeSpan.Zero)).Calls.Single();
        Assert.Equal("""{"id":null}""", run.Sent(call));
    }

    [Fact]
    public void Only_an_action_that_keeps_results_is_resolved_with_one()
    {
        var run = new Run("saga", 0, Step("{}"));
        run.Send(new TransactionEvent.BranchAnswered(1, Outcome.Unknown("lost"), TimeSpan.Zero));
        var refused = run.Send(new TransactionEvent.ResolveBranch("01", "action", "done", "{}"));
        Assert.StartsWith("result:", refused.Rejection?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_filled_payload_has_a_limit()
    {
        var many = $"[{string.Join(',', Enumerable.Repeat("{\"$result\":\"01\"}", 50))}]";
        var run = new Run(10, Step("{}"), Step(many));
        var call = run.Answer(1, "1234567890").Calls.Single();
        Assert.Null(run.Problem(call)); // It is not longer than the payload and all results that may be kept.
        many = $"[{string.Join(',', Enumerable.Repeat("{\"$result\":\"01\"}", 100))}]";
        var full = new Run(100, Step("{}"), Step(many));
        call = full.Answer(1, new string('1', 100)).Calls.Single();
        Assert.Contains("longer than", full.Problem(call), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"id\":1,\"\\ud800\":2}", "/id")]
    [InlineData("{\"\\ud800\":2,\"id\":1}", "/id")]
    [InlineData("{\"\\ud800\":2}", "/x")]
    public void An_answer_whose_names_are_not_Unicode_blocks_nothing(string answer, string pointer)
    {
        var run = new Run(Step("{}"), Step($$$"""{"a":{"$result":"01","pointer":"{{{pointer}}}"}}"""));
        var call = run.Answer(1, answer).Calls.Single();
        Assert.True(run.Problem(call) is not null || run.Sent(call) == """{"a":1}""");
    }

    [Fact]
    public void A_byte_order_mark_does_not_matter()
    {
        byte[] mark = [0xEF, 0xBB, 0xBF];
        var payload = new BranchStep("http://svc/a", "", (byte[])[.. mark, .. """{"a":{"$result":"01","pointer":"/id"}}"""u8]);
        var run = new Run(Step("{}"), payload);
        var call = run.Answer(1, new StepResult((byte[])[.. mark, .. """{"id":7}"""u8])).Calls.Single();
        Assert.Equal("\uFEFF{\"a\":7}", run.Sent(call));
    }

    [Fact]
    public void A_message_cannot_be_made_concurrent_after_its_references_were_checked()
    {
        var prepared = Submission("msg", 100, [Step("{}"), Step("""{"$result":"01"}""")]);
        prepared = prepared with
        {
            Definition = prepared.Definition with
            {
                Query = new BranchOpDefinition("00", "msg", "http://svc/q", default, Now),
                Options = prepared.Definition.Options with { TimeoutToFail = TimeSpan.FromSeconds(9) },
            },
        };
        var state = TransactionMachine.Decide(null, new TransactionEvent.Prepare(prepared), Now).Next;
        var submit = Submission("msg concurrent", 100, [Step("{}"), Step("{}")]) with
        {
            Named = NamedOptions.Concurrent,
        };
        Assert.Contains(
            "not sure to succeed before it",
            TransactionMachine.Decide(state, new TransactionEvent.Submit(submit), Now).Rejection?.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_retry_sends_the_same_payload()
    {
        var run = new Run(Step("{}"), Step("""{"a":{"$result":"01"}}"""));
        Assert.Equal("{\"a\":[1]}", run.Sent(run.Answer(1, "[1]").Calls.Single()));
        run.Send(new TransactionEvent.BranchAnswered(3, Outcome.Unknown("lost"), TimeSpan.Zero));
        var second = run.Send(TransactionEvent.RetryNow.Instance).Calls.Single();
        Assert.Equal((2, "{\"a\":[1]}"), (second.Attempt, run.Sent(second)));
    }

    [Theory]
    [InlineData("saga", "{\"$result\":\"02\"}", "{}", "action of step 01: $result names step 02, which is not sure")]
    [InlineData("saga", "{\"$result\":\"01\"}", "{}", "action of step 01: $result names the step itself")]
    [InlineData("saga", "{}", "{\"$result\":\"09\"}", "action of step 02: $result names step 09, which does not exist")]
    [InlineData("saga", "{}", "{\"$result\":\"01\",\"x\":1}", "only the texts $result and pointer, not x")]
    [InlineData("saga", "{}", "{\"$result\":\"01\",}", "has a $result, but is not valid JSON")]
    [InlineData("saga", "{}", "{\"$result\":1}", "$result, which is not a text")]
    [InlineData("saga", "{}", "{\"$result\":\"01\",\"pointer\":2}", "pointer, which is not a text")]
    [InlineData("saga", "{}", "{\"$result\":\"01\",\"pointer\":\"id\"}", "'id' is not a JSON Pointer")]
    [InlineData("concurrent", "{}", "{\"$result\":\"01\"}", "step 01, which is not sure to succeed before it")]
    [InlineData("msg", "{\"$result\":\"02\"}", "{}", "which is not sure to succeed before it")]
    [InlineData("msg concurrent", "{}", "{\"$result\":\"01\"}", "which is not sure to succeed before it")]
    public void A_wrong_reference_is_refused_when_it_is_submitted(
        string words, string first, string second, string problem)
    {
        var run = new Run(words, 1000, Step(first, "{}"), Step(second, "{}"));
        Assert.Equal(RejectionKind.Invalid, run.Created.Rejection?.Kind);
        Assert.StartsWith("payloads: ", run.Created.Rejection!.Message, StringComparison.Ordinal);
        Assert.Contains(problem, run.Created.Rejection.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("saga", "{}", "{\"$result\":\"01\"}")]
    [InlineData("order", "{}", "{\"$result\":\"01\"}")]
    [InlineData("msg", "{}", "{\"$result\":\"01\"}")]
    public void A_step_that_surely_ends_before_may_be_used(string words, string first, string second) =>
        Assert.Null(new Run(words, 1000, Step(first, "{}"), Step(second, "{}")).Created.Rejection);

    [Fact]
    public void Steps_that_call_nothing_and_too_many_references_are_refused()
    {
        var nothing = new Run(Step("{}") with { Action = "" }, Step("""{"$result":"01"}"""));
        Assert.Contains("calls nothing", nothing.Created.Rejection!.Message, StringComparison.Ordinal);
        var many = $"[{string.Join(',', Enumerable.Repeat("{\"$result\":\"01\"}", 101))}]";
        Assert.Contains(
            "the maximum is 100", new Run(Step("{}"), Step(many)).Created.Rejection!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_results_a_payload_is_only_data()
    {
        var run = new Run("saga", 0, Step("""{"$result":"09"}""", "{}"), Step("{}"));
        Assert.Equal("""{"$result":"09"}""", Text(run.Created.Calls.Single().Branch.Payload));
        run.Answer(1, "secret");
        Assert.Null(run.State.Branches[1].Result);
    }

    [Fact]
    public void A_submit_cannot_ask_for_results_that_its_prepare_does_not_keep()
    {
        var prepared = Submission("msg", 0, [Step("{}")]);
        prepared = prepared with
        {
            Definition = prepared.Definition with
            {
                Query = new BranchOpDefinition("00", "msg", "http://svc/q", default, Now),
                Options = prepared.Definition.Options with { TimeoutToFail = TimeSpan.FromSeconds(9) },
            },
        };
        var state = TransactionMachine.Decide(null, new TransactionEvent.Prepare(prepared), Now).Next;
        var submit = new TransactionEvent.Submit(Submission("msg", 10, [Step("{}")]));
        Assert.Equal(
            "results: must be set in the prepare", TransactionMachine.Decide(state, submit, Now).Rejection?.Message);
    }

    /// <summary>Whatever the answer and the place: the payload is JSON with the answer's own value in it.</summary>
    [Fact]
    public void Any_text_arrives_as_it_was() => Prop.ForAll(
        ArbMap.Default.ArbFor<NonNull<string>>(),
        static text =>
        {
            var answer = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(new { value = text.Get });
            var run = new Run(Step("{}"), Step("""{"x":[{"$result":"01","pointer":"/value"}],"y":"é"}"""));
            var call = run.Answer(1, new StepResult(answer)).Calls.Single();
            using var sent = System.Text.Json.JsonDocument.Parse(run.Sent(call));
            return System.Text.Json.JsonSerializer.Serialize(text.Get)
                == System.Text.Json.JsonSerializer.Serialize(sent.RootElement.GetProperty("x")[0].GetString());
        }).QuickCheckThrowOnFailure();

    private static BranchStep Step(string payload, string? compensate = null) =>
        new("http://svc/a", "http://svc/c", Encoding.UTF8.GetBytes(payload))
        {
            CompensatePayload = Encoding.UTF8.GetBytes(compensate ?? "{}"),
        };

    private static string Text(ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);

    private static Submission Submission(string words, int max, BranchStep[] steps)
    {
        var type = words.StartsWith("msg", StringComparison.Ordinal) ? TransactionType.Msg : TransactionType.Saga;
        var orders = System.Collections.Immutable.ImmutableDictionary<
            int, System.Collections.Immutable.ImmutableArray<int>>.Empty;
        var definition = new TransactionDefinition
        {
            Gid = "g1",
            Type = type,
            Created = Now,
            Options = new TransactionOptions
            {
                ResultBytesMax = max,
                Concurrent = words is "order" || words.Contains("concurrent", StringComparison.Ordinal),
                Orders = words == "order" ? orders.Add(1, [0]) : orders,
            },
        };
        return new Submission(definition, BranchPlan.Of(type, steps, Now));
    }

    /// <summary>A transaction that keeps results. Action i is at 2i + 1.</summary>
    private sealed class Run
    {
        private Transaction? _state;

        public Run(params BranchStep[] steps)
            : this("saga", 1000, steps)
        {
        }

        public Run(int max, params BranchStep[] steps)
            : this("saga", max, steps)
        {
        }

        public Run(string words, int max, params BranchStep[] steps) =>
            Created = Send(new TransactionEvent.Submit(Submission(words, max, steps)));

        public Decision Created { get; }

        public Transaction State => _state!;

        /// <summary>The payload that a call is made with.</summary>
        public string Sent(BranchCall call)
        {
            var (payload, problem) = ResultPayloads.Fill(State, call.Branch);
            Assert.Null(problem);
            return Text(payload);
        }

        public string? Problem(BranchCall call) => ResultPayloads.Fill(State, call.Branch).Problem;

        public Decision Send(TransactionEvent occurred)
        {
            var decision = TransactionMachine.Decide(_state, occurred, Now);
            _state = decision.Next;
            return decision;
        }

        public Decision Answer(int index, string answer) =>
            Answer(index, new StepResult(Encoding.UTF8.GetBytes(answer)));

        public Decision Answer(int index, StepResult answer) => Send(new TransactionEvent.BranchAnswered(
            index, Outcome.Succeeded with { Answer = answer }, TimeSpan.Zero));
    }
}
