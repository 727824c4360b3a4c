using OrleansDtm.Cli;

return await OdtmProgram.Run(args, Terminal.OfProcess(), CancellationToken.None);
