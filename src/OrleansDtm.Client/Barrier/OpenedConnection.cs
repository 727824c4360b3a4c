using System.Data;
using System.Data.Common;

namespace OrleansDtm.Client;

/// <summary>Opens a closed connection temporarily; leaves an open one unchanged.</summary>
internal readonly struct OpenedConnection : IAsyncDisposable
{
    private readonly DbConnection? _opened;

    private OpenedConnection(DbConnection? opened) => _opened = opened;

    public static async Task<OpenedConnection> OpenAsync(DbConnection connection, CancellationToken cancel)
    {
        if (connection.State == ConnectionState.Broken)
        {
            await connection.CloseAsync().ConfigureAwait(false);
        }

        if (connection.State != ConnectionState.Closed)
        {
            return default;
        }

        await connection.OpenAsync(cancel).ConfigureAwait(false);
        return new OpenedConnection(connection);
    }

    public ValueTask DisposeAsync() => _opened is null ? default : new ValueTask(_opened.CloseAsync());
}
