// The namespace of the page: bound by the key, or chosen by users who may name several. Kept in the tab.
import { h } from './dom.js';
import { t } from './i18n.js';

const KEY = 'dtm-namespace';
const NAME = /^[a-z0-9][a-z0-9-]{0,31}$/;

/** The chosen namespace; '' = the default one, or that of the key. */
export const chosen = () => sessionStorage.getItem(KEY) ?? '';

/** Shows the choice of a session, or the namespace that it is bound to. */
export function showNamespace(place, session, changed) {
  const names = session.namespaces ?? [];
  if (session.namespace || names.length === 0) {
    sessionStorage.removeItem(KEY);
    const bound = session.namespace && h('span', { class: 'badge', title: t('namespace.own') }, session.namespace);
    place.replaceChildren(...bound ? [bound] : []);
    return;
  }
  const choose = event => {
    const name = event.target.value.trim();
    if (name !== '' && !NAME.test(name)) return event.target.reportValidity();
    sessionStorage.setItem(KEY, name);
    changed();
  };
  const shown = { id: 'namespace', 'aria-label': t('namespace.label'), onchange: choose };
  place.replaceChildren(names.includes('*') ? field(shown) : select(shown, ['', ...names]));
}

const field = shown => h('input', {
  ...shown,
  value: chosen(),
  placeholder: t('namespace.label'),
  title: t('namespace.rule'),
  pattern: '[a-z0-9][a-z0-9\\-]*',
  size: '10',
  maxlength: '32',
  autocomplete: 'off',
  spellcheck: 'false',
});

const select = (shown, names) => h('select', shown, names.map(name =>
  h('option', { value: name, selected: name === chosen() }, name || t('namespace.default'))));
