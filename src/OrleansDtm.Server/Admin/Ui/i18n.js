// The texts of the page. All are in texts.en.js and texts.zh.js, with the same keys.
import { texts as en } from './texts.en.js';
import { texts as zh } from './texts.zh.js';
import { language } from './language.js';
import { count } from './numbers.js';

const TEXTS = { en, zh };
const plurals = new Intl.PluralRules(language);

/**
 * A text: t('keys.allSilos', { n: 3 }). A text { one, other } is selected by n. A key without a text shows itself.
 * The key is a literal, or a literal up to a dot and a value, t(`state.${state}`): a test reads the keys in the sources.
 */
export const t = (key, values = {}) => parts(key, values).join('');

/** The same as an array, in which the values may be elements: parts('topics.changed', { time: h('time', …) }). */
export function parts(key, values = {}) {
  const found = TEXTS[language][key] ?? en[key] ?? key;
  const text = typeof found === 'string' ? found : found[plurals.select(values.n)] ?? found.other;
  return text.split(/\{(\w+)\}/).map((part, i) => i % 2 === 0 ? part
    : part === 'n' && typeof values.n === 'number' ? count(values.n) : values[part] ?? '');
}

/** Whether there is a text for a word of the server; words of DTM's API have none and stay as they are. */
export const has = key => Object.hasOwn(en, key);

/** Fills the elements of the HTML: data-text is the key of the content, data-texts are those of attributes (name=key). */
export function translate(root = document) {
  for (const element of root.querySelectorAll('[data-text]')) element.textContent = t(element.dataset.text);
  for (const element of root.querySelectorAll('[data-texts]')) {
    for (const [name, key] of element.dataset.texts.split(' ').map(pair => pair.split('='))) {
      element.setAttribute(name, t(key));
    }
  }
}
