// The language of the page. All texts are in texts.en.js and texts.zh.js, with the same keys.
import { texts as en } from './texts.en.js';
import { texts as zh } from './texts.zh.js';
import { count } from './format.js';

const KEY = 'orleansdtm.language';
const TEXTS = { en, zh };

/** Their own names: a reader must find the own language in a page of another one. */
export const LANGUAGES = { en: 'English', zh: '中文' };

/** The chosen language, else the first of the browser's that the page has, else English. */
export const language = stored()
  ?? navigator.languages.map(name => name.slice(0, 2)).find(name => Object.hasOwn(LANGUAGES, name)) ?? 'en';

const plurals = new Intl.PluralRules(language);
document.documentElement.lang = language === 'zh' ? 'zh-CN' : language;

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

/** A text: t('list.selected', { n: 3 }). A text { one, other } is selected by n. A key without a text shows itself. */
export const t = (key, values = {}) => parts(key, values).join('');

/** The same as an array, in which the values may be elements: parts('waiting.of', { call: h('code', {}, id) }). */
export function parts(key, values = {}) {
  const found = TEXTS[language][key] ?? en[key] ?? key;
  const text = typeof found === 'string' ? found : found[plurals.select(values.n)] ?? found.other;
  return text.split(/\{(\w+)\}/).map((part, i) => i % 2 === 0 ? part
    : part === 'n' && typeof values.n === 'number' ? count(values.n) : values[part] ?? '');
}

/** Fills the elements of the HTML: data-text is the key of the content, data-texts are those of attributes (name=key). */
export function translate(root = document) {
  for (const element of root.querySelectorAll('[data-text]')) element.textContent = t(element.dataset.text);
  for (const element of root.querySelectorAll('[data-texts]')) {
    for (const [name, key] of element.dataset.texts.split(' ').map(pair => pair.split('='))) {
      element.setAttribute(name, t(key));
    }
  }
}
