// The language of the page. It has no texts, so that numbers and times can be formatted in it.

const KEY = 'orleansdtm.language';

/** Their own names: a reader must find the own language in a page of another one. */
export const LANGUAGES = { en: 'English', zh: '中文' };

/** The chosen language, else the first of the browser's that the page has, else English. */
export const language = stored()
  ?? navigator.languages.map(name => name.slice(0, 2)).find(name => Object.hasOwn(LANGUAGES, name)) ?? 'en';

/** Its tag in HTML: it selects the Chinese forms of the characters, not the Japanese ones. */
export const tag = name => name === 'zh' ? 'zh-CN' : name;

document.documentElement.lang = tag(language);

function stored() {
  try {
    const name = localStorage.getItem(KEY);
    return Object.hasOwn(LANGUAGES, name) ? name : null;
  } catch {
    return null; // Storage is blocked.
  }
}

/** Keeps the choice and shows the page in it. */
export function choose(name) {
  try {
    localStorage.setItem(KEY, name);
  } catch {
    return; // Storage is blocked: a reload would forget it.
  }
  location.reload();
}
