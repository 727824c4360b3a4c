using OrleansDtm.Server.Commands;

return await new CommandLine(
    new RunCommand(),
    new SchemaCommand(),
    new ImportCommand(),
    new CheckConfigCommand(),
    new ExportCommand(),
    new KeyCommand()).Run(args);
