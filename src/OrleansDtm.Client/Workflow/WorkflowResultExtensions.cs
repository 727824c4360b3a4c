namespace OrleansDtm.Client;

/// <summary>Workflows whose caller needs the result.</summary>
public static class WorkflowResultExtensions
{
    /// <summary>
    /// Runs a workflow as <see cref="IDtm.WorkflowAsync"/> does, and returns its result; a rollback is an exception.
    /// </summary>
    /// <param name="dtm">The client.</param>
    /// <param name="name">As registered by AddWorkflow.</param>
    /// <param name="input">As in <see cref="IDtm.WorkflowAsync"/>.</param>
    /// <param name="options">As in <see cref="IDtm.WorkflowAsync"/>; null = the defaults.</param>
    /// <param name="cancellationToken">Ends this run before its next step; the coordinator resumes the
    /// workflow.</param>
    /// <returns>The result; null (or the type's default) if the workflow has none.</returns>
    /// <exception cref="TransactionFailedException">It was rolled back; the exception has the reason.</exception>
    /// <exception cref="Exception">As in <see cref="IDtm.WorkflowAsync"/>.</exception>
    public static async Task<TResult?> WorkflowAsync<TInput, TResult>(
        this IDtm dtm, string name, TInput input, TransOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(dtm);
        var result = await dtm.WorkflowAsync(name, input, options, cancellationToken).ConfigureAwait(false);
        return result.EnsureSucceeded().Read<TResult>();
    }
}
