using OrleansDtm.Storage;
using OrleansDtm.Tests.Support.Storage;

namespace OrleansDtm.Simulation.Defects;

/// <summary>A store that wraps another one; a fault overrides its behaviour.</summary>
internal class StoreDefect(ITransactionStore inner) : DelegatingStore(inner);
