using System.Globalization;
using OrleansDtm.Abstractions;

namespace OrleansDtm.Samples.GrainBranches;

/// <summary>Prints the events to the console.</summary>
internal static class Narrator
{
    private static readonly Lock OneAtATime = new();

    public static void Say(FormattableString text)
    {
        lock (OneAtATime)
        {
            Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
        }
    }

    public static void Title(string title) =>
        Say($"{Environment.NewLine}{title}{Environment.NewLine}{new string('-', title.Length)}");

    /// <summary>A call of the coordinator to an account.</summary>
    public static void Called(BranchContext call, string account, string words) =>
        Say($"  branch {call.BranchId}  {call.Op,-10}  account {account}  {words}");
}
