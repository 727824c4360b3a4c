using System.Text.Json;
using System.Text.RegularExpressions;
using OrleansDtm.Server;
using Xunit;

namespace OrleansDtm.Admin.Tests.Languages;

/// <summary>The two files of texts, against each other and against the sources of the page.</summary>
public sealed partial class TextTests(AdminStage stage)
{
    private const string Folder = "OrleansDtm.Ui/";

    [Fact]
    public async Task Both_languages_have_the_same_texts_with_the_same_placeholders()
    {
        var (english, chinese) = (await Texts("en"), await Texts("zh"));

        Assert.True(english.Count > 200, $"{english.Count} texts");
        Assert.Equal(english.Keys, chinese.Keys); // In the same order too: the files are edited side by side.
        Assert.All(english.Keys, key => Assert.Equal(
            (key, Placeholders(english[key])), (key, Placeholders(chinese[key]))));
        Assert.DoesNotContain(chinese, static pair => pair.Value.GetRawText().Contains('�', StringComparison.Ordinal));
    }

    [Fact]
    public async Task Every_text_that_is_asked_for_exists_and_every_text_is_asked_for()
    {
        var texts = await Texts("en");
        var (scripts, pages) = (Sources(".js"), Sources(".html"));
        Assert.NotEmpty(pages);
        var named = pages.SelectMany(static page => DataText().Matches(page.Text))
            .SelectMany(static match => match.Groups[1].Value.Split(' '))
            .Select(static pair => pair.Split('=').Last())
            .Concat(scripts.SelectMany(static script => Call().Matches(script.Text)
                .SelectMany(static match => Literal().Matches(match.Value))
                .Select(static match => match.Groups[1].Value)))
            .ToHashSet(StringComparer.Ordinal);
        Assert.All(named, key => Assert.True(texts.ContainsKey(key), $"there is no text '{key}'"));

        // t(`state.${word}`): the texts whose keys have this form.
        var forms = scripts.SelectMany(static script => Template().Matches(script.Text))
            .Select(static match => match.Groups[1].Value).Distinct().ToList();
        var patterns = forms.ConvertAll(static form => new Regex(
            $"^{string.Join(".+", Hole().Split(form).Select(Regex.Escape))}$",
            RegexOptions.None,
            TimeSpan.FromSeconds(5)));
        Assert.NotEmpty(patterns);
        Assert.All(patterns, pattern => Assert.True(texts.Keys.Any(pattern.IsMatch), $"there is no text {pattern}"));

        // A key may also be in a list that is mapped: any literal counts as a use.
        var literals = scripts.SelectMany(static script => Literal().Matches(script.Text))
            .Select(static match => match.Groups[1].Value).ToHashSet(StringComparer.Ordinal);
        Assert.DoesNotContain(texts.Keys, key =>
            !named.Contains(key) && !literals.Contains(key) && !patterns.Exists(pattern => pattern.IsMatch(key)));
    }

    private static string Placeholders(JsonElement text) => string.Join(
        ' ', Placeholder().Matches(text.GetRawText()).Select(static match => match.Value).Distinct().Order());

    private static List<(string Name, string Text)> Sources(string extension)
    {
        var assembly = typeof(CoordinatorApp).Assembly;
        return [.. assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Folder, StringComparison.Ordinal)
                && name.EndsWith(extension, StringComparison.Ordinal)
                && !name.StartsWith(Folder + "texts.", StringComparison.Ordinal))
            .Select(name =>
            {
                using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
                return (name, reader.ReadToEnd());
            })];
    }

    private async Task<OrderedDictionary<string, JsonElement>> Texts(string language)
    {
        await using var visit = await stage.Visit();
        var json = await visit.Page.EvaluateAsync<string>(
            $"async () => JSON.stringify((await import('/ui/texts.{language}.js')).texts)");
        using var document = JsonDocument.Parse(json);
        return new(document.RootElement.EnumerateObject()
            .Select(static p => KeyValuePair.Create(p.Name, p.Value.Clone())));
    }

    [GeneratedRegex(@"\{\w+\}")]
    private static partial Regex Placeholder();

    [GeneratedRegex("data-texts?=\"([^\"]+)\"")]
    private static partial Regex DataText();

    // t('key', parts('key', t(condition ? 'key' : 'key'.
    [GeneratedRegex(@"\b(?:t|parts)\(\s*(?:[^()'`,;]*\?\s*'[\w.-]+'\s*:\s*)?'[\w.-]+'")]
    private static partial Regex Call();

    [GeneratedRegex(@"'(\w+(?:\.[\w-]+)+)'")]
    private static partial Regex Literal();

    [GeneratedRegex(@"\b(?:t|parts)\(\s*`([^`]+)`")]
    private static partial Regex Template();

    [GeneratedRegex(@"\$\{[^}]+\}")]
    private static partial Regex Hole();
}
