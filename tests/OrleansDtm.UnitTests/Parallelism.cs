using Xunit;

// Most tests wait for a server or a timer. With more of them in parallel than there are processors the run is shorter.
[assembly: CollectionBehavior(MaxParallelThreads = 4)]
