// The effective settings of the silo that serves the page, with the source of each.
import { h, show } from './dom.js';
import { get, mayChange } from './api.js';
import { badge, empty, failure, loading } from './widgets.js';

export const section = 'settings';
export const title = () => 'Settings';

const DEFAULT = 'default';

export async function open(place, parameters, signal, refused) {
  if (!mayChange()) {
    show(place, h('h1', {}, 'Settings'), h('p', {}, 'The settings need the role admin.'));
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
  show(place, h('div', { class: 'heading' }, h('h1', {}, 'Settings')), about,
    h('form', { class: 'card choose', 'aria-label': 'Filter', onsubmit: event => event.preventDefault() },
      h('label', {}, 'Name or value', text),
      h('label', { class: 'check' }, changed, 'Only those that are set')),
    list);

  async function load() {
    show(list, loading());
    try {
      data = await get('settings', {}, signal);
      show(about, `Of the silo ${data.silo} (${data.name}), version ${data.version}, as it has read them at its start. `
        + 'Secrets are ***. The command check-config prints the same.');
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
    const isFound = text === '' || `${setting.key} ${setting.value ?? ''} ${setting.source}`.toLowerCase().includes(text);
    if (!isFound || (onlySet && setting.source === DEFAULT)) continue;
    const name = setting.key.includes(':') ? setting.key.split(':')[0] : 'General';
    groups.set(name, [...groups.get(name) ?? [], setting]);
  }
  if (groups.size === 0) return empty('No setting matches the filter.');
  return [...groups].sort(([a], [b]) => (b === 'General') - (a === 'General') || a.localeCompare(b)).map(([name, settings]) =>
    h('section', { class: 'card', 'aria-label': name },
      h('h2', {}, name),
      h('table', { class: 'stacked settings' },
        h('thead', {}, h('tr', {}, ['Setting', 'Value', 'Source'].map(head => h('th', { scope: 'col' }, head)))),
        h('tbody', {}, settings.map(row)))));
}

const row = ({ key, value, source }) => h('tr', { class: source === DEFAULT ? '' : 'set' },
  h('td', { class: 'mono' }, key),
  h('td', { class: 'mono' }, value ?? h('span', { class: 'muted' }, 'none')),
  h('td', {}, source === DEFAULT ? h('span', { class: 'muted' }, source) : badge('set', source)));
