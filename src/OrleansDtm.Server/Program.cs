using OrleansDtm.Server.Commands;
using OrleansDtm.Server.Hosting;

NativeMemory.ReturnLargeBlocks();

return await new CommandLine(
    new RunCommand(),
    new SchemaCommand(),
    new ImportCommand(),
    new CheckConfigCommand(),
    new ExportCommand(),
    new KeyCommand()).Run(args);

/// <summary>
/// Internal: a public one would hide the Program of an application whose tests use OrleansDtm.Testing.
/// </summary>
internal sealed partial class Program;
