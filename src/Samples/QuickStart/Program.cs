using OrleansDtm.Samples.QuickStart;

const string Help = """
    A bank transfer as a saga: 30 go from account A to account B, once with success, once against a frozen account.

    usage: dotnet run --project src/Samples/QuickStart [-- --server URL]

      --server URL   use this coordinator; it must be able to call this machine's loopback address.
                     Default: the one that answers on http://localhost:36789, or else one started in this process.
      --help         this text

    The exit code is 0 only if both balances and both statuses are right.
    """;

switch (args)
{
    case []:
        return await TransferDemo.Run(null);
    case ["--server", var url] when Uri.TryCreate(url, UriKind.Absolute, out var server):
        return await TransferDemo.Run(server);
    case ["--help" or "-h"]:
        Console.WriteLine(Help);
        return 0;
    default:
        await Console.Error.WriteLineAsync(Help);
        return 2;
}
