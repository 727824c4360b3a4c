// API keys: their roles, limits and use. The text of a key is nowhere to be seen.
import { h, show } from './dom.js';
import { get, mayChange } from './api.js';
import { bytes, count, duration } from './format.js';
import { parts, t } from './i18n.js';
import { ago, badge, empty, failure, time } from './widgets.js';
import { keepFresh } from './refresh.js';

export const section = 'keys';
export const title = () => t('page.keys');

const EVERY = 5000;

export async function open(place, parameters, signal, refused) {
  if (!mayChange()) {
    show(place, h('h1', {}, t('page.keys')), h('p', {}, t('keys.needsAdmin')));
    return;
  }
  const fresh = keepFresh(
    s => get('keys', {}, s),
    (data, error) => {
      if (error && refused(error)) return false;
      show(place,
        h('div', { class: 'heading' }, h('h1', {}, t('page.keys'))),
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
    return h('p', { class: 'banner warn' }, t('keys.off'));
  }
  return [
    h('p', { class: 'muted' }, parts('keys.about', {
      scope: scope(data),
      since: time(data.since),
      duration: duration(new Date(data.now) - new Date(data.since)),
      command: h('code', {}, 'key'),
    })),
    h('section', { class: 'card' },
      h('h2', {}, t('page.keys')),
      data.keys.length === 0 ? empty(t('keys.none')) : table(
        [t('keys.name'), t('keys.role'), ...usageHeads(), t('keys.limits')],
        data.keys.map(keyRow))),
    data.others.length > 0 && h('section', { class: 'card' },
      h('h2', {}, t('keys.others'), ' ', h('small', {}, t('keys.othersAbout'))),
      table(
        [t('keys.name'), t('keys.kind'), ...usageHeads()],
        data.others.map(other => row(other.name, badge(other.kind, t(`keyKind.${other.kind}`)), usage(other.usage))))),
  ];
}

const usageHeads = () =>
  [t('keys.requests'), t('keys.lastMinute'), t('keys.refused'), t('keys.unfinished'), t('keys.lastUsed')];

const scope = ({ silos, silos_total: all }) => silos < all ? t('keys.someSilos', { silos, n: all })
  : all > 1 ? t('keys.allSilos', { n: all }) : t('keys.thisSilo');

const table = (head, rows) => h('div', { class: 'scroller' }, h('table', { class: 'stacked labelled numbers keys' },
  h('thead', {}, h('tr', {}, head.map(name => h('th', { scope: 'col' }, name)))),
  h('tbody', {}, rows)));

const cell = (name, ...content) => h('td', { 'data-label': name }, h('span', {}, ...content));

const row = (name, kind, cells) => h('tr', {}, cell(t('keys.name'), h('strong', { class: 'mono' }, name)), cell(t('keys.role'), kind), cells);

function keyRow(key) {
  const until = key.is_expired ? [' ', badge('failed', t('keys.expired'))]
    : key.not_after ? [' ', h('span', { class: 'muted' }, parts('keys.until', { time: time(key.not_after) }))] : '';
  return row(key.name, [badge(`role-${key.role}`, key.role), ' ', h('span', { class: 'muted' }, t(`keySource.${key.source}`)), until], [
    usage(key.usage, key.unfinished_max), cell(t('keys.limits'), limits(key)),
  ]);
}

function usage(used, max = 0) {
  if (!used) {
    return [
      cell(t('keys.requests'), '0'), cell(t('keys.lastMinute'), '0'), cell(t('keys.refused'), '0'), cell(t('keys.unfinished'), '–'),
      cell(t('keys.lastUsed'), h('span', { class: 'muted' }, t('keys.never'))),
    ];
  }
  const open = used.unfinished === undefined ? '–' : max > 0 ? t('keys.ofMax', { n: used.unfinished, max: count(max) }) : count(used.unfinished);
  return [
    cell(t('keys.requests'), count(used.requests)),
    cell(t('keys.lastMinute'), count(used.last_minute)),
    cell(t('keys.refused'), used.refused > 0 ? h('span', { class: 'bad' }, count(used.refused)) : '0'),
    cell(t('keys.unfinished'), open),
    cell(t('keys.lastUsed'), ago(used.last_time)),
  ];
}

function limits(key) {
  const given = [
    key.rate_max > 0 && t('keys.rateMax', { n: key.rate_max }),
    key.in_flight_max > 0 && t('keys.inFlightMax', { n: key.in_flight_max }),
    key.unfinished_max > 0 && t('keys.unfinishedMax', { n: key.unfinished_max }),
    t('keys.bytesMax', { bytes: bytes(key.bytes_max) }),
  ].filter(Boolean);
  return given.join(t('common.comma'));
}
