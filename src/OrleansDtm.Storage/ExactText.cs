namespace OrleansDtm.Storage;

/// <summary>Texts that identify something: every database must keep them exactly, or two would become one.</summary>
internal static class ExactText
{
    /// <exception cref="ArgumentException">It is too long, or a database might change it.</exception>
    public static void Check(string what, string text, int charactersMax)
    {
        Require(text.Length <= charactersMax, $"{what} has at most {charactersMax} characters.");

        // Half a surrogate pair becomes U+FFFD in UTF-8, and a NUL ends a text in some databases.
        for (var i = 0; i < text.Length; i++)
        {
            Require(text[i] != '\0', $"{what} cannot contain NUL.");
            if (char.IsSurrogate(text[i]))
            {
                Require(i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]), $"{what} cannot contain half a surrogate pair.");
                i++;
            }
        }
    }

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new ArgumentException(message);
        }
    }
}
