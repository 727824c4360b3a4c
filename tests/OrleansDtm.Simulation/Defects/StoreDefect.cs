using OrleansDtm.Storage;
using OrleansDtm.Tests.Storage;

namespace OrleansDtm.Simulation.Defects;

/// <summary>A store around another one; what it does differently is the defect.</summary>
internal class StoreDefect(ITransactionStore inner) : DelegatingStore(inner);
