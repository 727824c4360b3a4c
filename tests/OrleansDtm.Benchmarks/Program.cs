using OrleansDtm.Benchmarks;
using OrleansDtm.Benchmarks.Roles;

// The benchmark starts itself again as the branch service and as the floor, so that each has its own heap, thread pool
// and CPU time, like the coordinator.
switch (args.FirstOrDefault())
{
    case "branch":
        return await BranchService.Run(RoleArguments.Parse(args));
    case "floor":
        return await FloorServer.Run(RoleArguments.Parse(args));
}

if (!Options.TryParse(args, out var options, out var problem))
{
    await Console.Error.WriteLineAsync(problem + Environment.NewLine + "Run with --help to see the options.");
    return 2;
}

if (options.Help)
{
    Console.WriteLine(Options.HelpText);
    return 0;
}

return await BenchmarkRun.Execute(options);
