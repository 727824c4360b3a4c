using OrleansDtm.Server.Security.Keys;
using OrleansDtm.Server.Security.Tokens;

namespace OrleansDtm.Server.Security.Access;

/// <summary>Verifies a text that may be an API key or a token: that of a sign-in.</summary>
internal sealed class ProofCheck(KeyCheck keys, TokenCheck? tokens = null)
{
    public async ValueTask<Identified> Identify(string proof, CancellationToken cancellationToken) =>
        tokens is not null && Proof.IsToken(proof)
            ? await tokens.Identify(proof, cancellationToken)
            : keys.Identify(proof);
}
