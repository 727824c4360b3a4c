// API keys: their roles, limits and use. The text of a key is nowhere to be seen.
import { h, show } from './dom.js';
import { get, mayChange } from './api.js';
import { bytes, count, duration, plural } from './format.js';
import { ago, badge, empty, failure, time } from './widgets.js';
import { keepFresh } from './refresh.js';

export const section = 'keys';
export const title = () => 'Keys';

const EVERY = 5000;

export async function open(place, parameters, signal, refused) {
  if (!mayChange()) {
    show(place, h('h1', {}, 'Keys'), h('p', {}, 'The keys need the role admin.'));
    return;
  }
  const fresh = keepFresh(
    s => get('keys', {}, s),
    (data, error) => {
      if (error && refused(error)) return false;
      show(place,
        h('div', { class: 'heading' }, h('h1', {}, 'Keys')),
        error && failure(error, () => fresh.look()),
        data && content(data));
      return true;
    },
    EVERY,
    signal);
  await fresh.first;
}

function content(data) {
  if (!data.is_on) {
    return h('p', { class: 'banner warn' }, 'Authentication is off: every client may do everything. '
      + 'Set Security:Keys, Security:KeysFile, Security:Jwt or Security:Oidc.');
  }
  return [
    h('p', { class: 'muted' }, `Requests since the start of ${scope(data)}, `, time(data.since),
      ` (${duration(new Date(data.now) - new Date(data.since))}). The command key makes a line for a new one; `
      + 'keys are in Security:Keys, or in the file Security:KeysFile, which is read again when it changes.'),
    h('section', { class: 'card' },
      h('h2', {}, 'Keys'),
      data.keys.length === 0 ? empty('No key is accepted.') : table(
        ['Name', 'Role', 'Requests', 'Last minute', 'Refused', 'Unfinished', 'Last used', 'Limits'],
        data.keys.map(key => keyRow(data, key)))),
    data.others.length > 0 && h('section', { class: 'card' },
      h('h2', {}, 'Other callers ', h('small', {}, 'tokens, and keys that were removed')),
      table(
        ['Name', 'Kind', 'Requests', 'Last minute', 'Refused', 'Unfinished', 'Last used'],
        data.others.map(other => row(other.name, badge(other.kind), usage(data, other.usage))))),
  ];
}

const scope = ({ silos, silos_total: all }) => silos < all
  ? `${silos} of ${plural(all, 'silo')}; the others do not answer`
  : all > 1 ? `${all} silos` : 'this silo';

const table = (head, rows) => h('div', { class: 'scroller' }, h('table', { class: 'stacked labelled numbers keys' },
  h('thead', {}, h('tr', {}, head.map(name => h('th', { scope: 'col' }, name)))),
  h('tbody', {}, rows)));

const cell = (name, ...content) => h('td', { 'data-label': name }, h('span', {}, ...content));

const row = (name, kind, cells) => h('tr', {}, cell('Name', h('strong', { class: 'mono' }, name)), cell('Role', kind), cells);

function keyRow(data, key) {
  const until = key.is_expired ? [' ', badge('failed', 'expired')]
    : key.not_after ? [' ', h('span', { class: 'muted' }, 'until ', time(key.not_after))] : '';
  return row(key.name, [badge(`role-${key.role}`, key.role), ' ', h('span', { class: 'muted' }, key.source), until], [
    usage(data, key.usage, key.unfinished_max), cell('Limits', limits(key)),
  ]);
}

function usage(data, used, max = 0) {
  if (!used) {
    return [
      cell('Requests', '0'), cell('Last minute', '0'), cell('Refused', '0'), cell('Unfinished', '–'),
      cell('Last used', h('span', { class: 'muted' }, 'never')),
    ];
  }
  const open = used.unfinished === undefined ? '–' : max > 0 ? `${count(used.unfinished)} of ${count(max)}` : count(used.unfinished);
  return [
    cell('Requests', count(used.requests)),
    cell('Last minute', count(used.last_minute)),
    cell('Refused', used.refused > 0 ? h('span', { class: 'bad' }, count(used.refused)) : '0'),
    cell('Unfinished', open),
    cell('Last used', ago(used.last_time, data.now)),
  ];
}

function limits(key) {
  const given = [
    key.rate_max > 0 && `${count(key.rate_max)} requests/s`,
    key.in_flight_max > 0 && `${count(key.in_flight_max)} in flight`,
    key.unfinished_max > 0 && `${count(key.unfinished_max)} unfinished`,
    `bodies of ${bytes(key.bytes_max)}`,
  ].filter(Boolean);
  return `${given.join(', ')}`;
}
