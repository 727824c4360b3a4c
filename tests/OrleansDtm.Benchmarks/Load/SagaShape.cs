using System.Text;

namespace OrleansDtm.Benchmarks.Load;

/// <summary>The size of a saga.</summary>
/// <param name="Steps">The number of steps, at least 2.</param>
/// <param name="PayloadBytes">The size of each step's payload in bytes, at least <see cref="PayloadMin"/>.</param>
internal sealed record SagaShape(int Steps, int PayloadBytes)
{
    public const int PayloadMin = 13;

    public static readonly SagaShape Default = new(2, PayloadMin);

    /// <summary>
    /// The body of the submit. The last action has its own path, by which the branch service counts the completed
    /// transactions.
    /// </summary>
    /// <param name="branch">The branch service.</param>
    /// <param name="wait">Whether the submit waits for the result.</param>
    /// <param name="more">Further fields, each with a comma before it.</param>
    public string Body(Uri branch, bool wait, string more = "")
    {
        var body = new StringBuilder($$"""{"gid":"{{PreparedRequest.Placeholder}}","trans_type":"saga","steps":[""");
        for (var i = 1; i <= Steps; i++)
        {
            var name = i == Steps ? "last" : "out";
            body.Append(i == 1 ? "" : ",");
            body.Append($$"""{"action":"{{branch}}{{name}}","compensate":"{{branch}}undo"}""");
        }

        var payload = PayloadBytes == PayloadMin
            ? """{\"amount\":30}"""
            : $$"""{\"amount\":30,\"text\":\"{{new string('x', Math.Max(0, PayloadBytes - 23))}}\"}""";
        body.Append("],\"payloads\":[").AppendJoin(',', Enumerable.Repeat($"\"{payload}\"", Steps));
        return body.Append($$"""],"wait_result":{{(wait ? "true" : "false")}}{{more}}}""").ToString();
    }
}
