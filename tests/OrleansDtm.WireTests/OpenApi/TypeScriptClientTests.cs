using System.Diagnostics;
using OrleansDtm.Tests.Support;
using OrleansDtm.WireTests.Security;
using Xunit;

namespace OrleansDtm.WireTests.OpenApi;

/// <summary>
/// A client in another language: generated from the checked-in document by an npm package, and checked by TypeScript.
/// </summary>
public sealed class TypeScriptClientTests(SecuredServer server) : IClassFixture<SecuredServer>
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_generated_client_submits_a_saga_and_sees_it_succeed()
    {
        if (FindProgram("node") is null || FindProgram("npm") is null)
        {
            Assert.False(Environment.GetEnvironmentVariable("CI") == "true", "node and npm are missing; install them");
            Assert.Skip("node and npm are not here");
        }

        var home = Directory.CreateTempSubdirectory("orleansdtm-typescript-");
        try
        {
            foreach (var file in Directory.GetFiles(RepositoryRoot.File("tests", "typescript")))
            {
                File.Copy(file, Path.Combine(home.FullName, Path.GetFileName(file)));
            }

            File.Copy(ApiDescription.Path, Path.Combine(home.FullName, "openapi.json"));
            await Run(home, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline");
            await Run(home, "npm", "run", "--silent", "generate");
            await Run(home, "npm", "run", "--silent", "compile");
            var output = await Run(home, "node", "out/saga.js", server.Url.ToString().TrimEnd('/'), server.Submit);

            Assert.Contains("succeed, 4 calls", output, StringComparison.Ordinal);
            Assert.Contains("unknown gid: 404 no such gid", output, StringComparison.Ordinal);
        }
        finally
        {
            home.Delete(recursive: true);
        }
    }

    private static string? FindProgram(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, name))
        .FirstOrDefault(File.Exists);

    private static async Task<string> Run(DirectoryInfo home, string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = home.FullName,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        try
        {
            var (output, errors) =
                (process.StandardOutput.ReadToEndAsync(Cancel), process.StandardError.ReadToEndAsync(Cancel));
            await process.WaitForExitAsync(Cancel).WaitAsync(Patience, Cancel);
            var text = await output + await errors;
            Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {text}");
            return text;
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }
}
