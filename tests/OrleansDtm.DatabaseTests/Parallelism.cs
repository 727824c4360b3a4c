using Xunit;

// Most tests wait, for a server to start or for a moment to come: more of
// them at once than there are processors end sooner.
[assembly: CollectionBehavior(MaxParallelThreads = 4)]
