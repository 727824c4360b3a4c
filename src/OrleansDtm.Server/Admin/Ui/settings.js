// The effective settings of the silo that serves the page, with the source of each.
import { h, show } from './dom.js';
import { get, mayChange } from './api.js';
import { has, parts, t } from './i18n.js';
import { badge, empty, failure, loading } from './widgets.js';

export const section = 'settings';
export const title = () => t('page.settings');

const DEFAULT = 'default';
const GENERAL = '';

export async function open(place, parameters, signal, refused) {
  if (!mayChange()) {
    show(place, h('h1', {}, t('page.settings')), h('p', {}, t('settings.needsAdmin')));
    return;
  }
  const list = h('div', { class: 'page' });
  const text = h('input', {
    type: 'search', name: 'text', value: parameters.get('text') ?? '', placeholder: 'Limits', autocomplete: 'off', spellcheck: 'false', 'data-key': 'text',
  });
  const changed = h('input', { type: 'checkbox', name: 'changed', checked: parameters.has('changed'), 'data-key': 'changed' });
  let data = null;
  const draw = () => {
    if (data) show(list, sections(data, text.value.trim().toLowerCase(), changed.checked));
  };
  for (const input of [text, changed]) input.addEventListener('input', draw);
  const about = h('p', { class: 'muted' });
  show(place, h('div', { class: 'heading' }, h('h1', {}, t('page.settings'))), about,
    h('form', { class: 'card choose', 'aria-label': t('settings.filter'), onsubmit: event => event.preventDefault() },
      h('label', {}, t('settings.text'), text),
      h('label', { class: 'check' }, changed, t('settings.onlySet'))),
    list);

  async function load() {
    show(list, loading());
    try {
      data = await get('settings', {}, signal);
      show(about, parts('settings.about', {
        silo: data.silo, name: data.name, version: data.version, command: h('code', {}, 'check-config'),
      }));
      draw();
    } catch (e) {
      if (e.name !== 'AbortError' && !refused(e)) show(list, failure(e, load));
    }
  }
  await load();
}

/** By the part of the name before the colon; those without one first. */
function sections(data, text, onlySet) {
  const groups = new Map();
  for (const setting of data.settings) {
    const isFound = text === '' || `${setting.key} ${setting.value ?? ''} ${sourceName(setting.source)}`.toLowerCase().includes(text);
    if (!isFound || (onlySet && setting.source === DEFAULT)) continue;
    const name = setting.key.includes(':') ? setting.key.split(':')[0] : GENERAL;
    groups.set(name, [...groups.get(name) ?? [], setting]);
  }
  if (groups.size === 0) return empty(t('settings.noMatch'));
  return [...groups].sort(([a], [b]) => (b === GENERAL) - (a === GENERAL) || a.localeCompare(b)).map(([name, settings]) =>
    h('section', { class: 'card', 'aria-labelledby': `settings-${name}` },
      h('h2', { id: `settings-${name}`, translate: name ? 'no' : null }, name || t('settings.general')),
      h('table', { class: 'stacked settings' },
        h('thead', {}, h('tr', {}, [t('settings.setting'), t('settings.value'), t('settings.source')].map(head => h('th', { scope: 'col' }, head)))),
        h('tbody', {}, settings.map(row)))));
}

/** Where the value comes from; files keep their names. */
const sourceName = source => {
  const word = source.replaceAll(' ', '-');
  return has(`source.${word}`) ? t(`source.${word}`) : source;
};

const row = ({ key, value, source }) => h('tr', { class: source === DEFAULT ? '' : 'set' },
  h('td', { class: 'mono' }, key),
  h('td', { class: 'mono' }, value ?? h('span', { class: 'muted' }, t('common.none'))),
  h('td', {}, source === DEFAULT ? h('span', { class: 'muted' }, sourceName(source)) : badge('set', sourceName(source))));
