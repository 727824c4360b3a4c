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
