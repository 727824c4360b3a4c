namespace OrleansDtm.Storage;

/// <summary>Texts that identify something: a database that changed them would make two of them equal.</summary>
internal static class ExactText
{
    /// <exception cref="ArgumentException">It is too long, or a database might change it.</exception>
    public static void Check(string what, string text, int charactersMax)
    {
        if (text.Length > charactersMax)
        {
            throw new ArgumentException($"{what} has at most {charactersMax} characters.");
        }

        // Half a surrogate pair becomes U+FFFD in UTF-8, and some databases end a text at a NUL.
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\0')
            {
                throw new ArgumentException($"{what} cannot contain NUL.");
            }

            if (char.IsSurrogate(text[i]) && !(++i < text.Length && char.IsSurrogatePair(text[i - 1], text[i])))
            {
                throw new ArgumentException($"{what} cannot contain half a surrogate pair.");
            }
        }
    }
}
