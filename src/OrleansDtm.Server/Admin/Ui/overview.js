// The overview, refreshed while the tab is visible.
import { h, show } from './dom.js';
import { get } from './api.js';
import { bytes, clock, count, duration, plural, rate } from './format.js';
import { ago, badge, empty, failure, gidLink, time } from './widgets.js';
import { bars, ranks } from './charts.js';
import { keepFresh } from './refresh.js';

export const section = 'overview';
export const title = () => 'Overview';

const EVERY = 3000;
const STATUSES = ['prepared', 'submitted', 'aborting'];
const TYPES = ['saga', 'msg', 'tcc', 'xa', 'workflow'];

export async function open(place, parameters, signal, refused) {
  const fresh = keepFresh(
    s => get('overview', {}, s),
    (data, error) => {
      if (error && refused(error)) return false;
      show(place, heading(data, error), error && failure(error, () => fresh.look()), data && content(data));
      return true;
    },
    EVERY,
    signal);
  await fresh.first;
}

function heading(data, error) {
  return h('div', { class: 'heading' },
    h('h1', {}, 'Overview'),
    data && h('p', { class: `muted fresh ${error ? 'stale' : ''}` }, error ? `as of ${clock(data.now)}` : `live · ${clock(data.now)}`));
}

function content(data) {
  const told = data.silos.filter(silo => silo.started);
  const scope = told.length > 1 ? `sum of ${told.length} silos` : 'this silo';
  const chart = { slots: data.slots, now: data.now, slotSeconds: data.slot_seconds, slotsMax: data.slots_max };
  return [
    tiles(data),
    h('section', { class: 'card' },
      h('h2', {}, 'Last ten minutes ', h('small', {}, scope)),
      h('div', { class: 'charts' },
        bars({ ...chart, title: 'Finished transactions', good: { field: 'succeeded', name: 'succeeded' }, bad: { field: 'failed', name: 'failed' } }),
        bars({ ...chart, title: 'Branch calls', good: { field: 'calls_answered', name: 'answered' }, bad: { field: 'calls_failed', name: 'failed' } })),
      latencies(data)),
    h('div', { class: 'columns' }, unfinished(data), failing(data, scope)),
    silos(data),
  ];
}

/** The rate of the last 30 s, without the current slot. */
function recentRate(data, ...fields) {
  const present = Math.floor(new Date(data.now) / 1000 / data.slot_seconds) * data.slot_seconds;
  const spans = 6;
  const from = present - spans * data.slot_seconds;
  const recent = data.slots.filter(slot => slot.start >= from && slot.start < present);
  return recent.reduce((n, slot) => n + fields.reduce((m, field) => m + slot[field], 0), 0) / (spans * data.slot_seconds);
}

function tiles(data) {
  const { counts, problem } = data.unfinished;
  const all = counts.reduce((n, c) => n + c.count, 0);
  const overdue = counts.reduce((n, c) => n + c.overdue, 0);
  const failed = data.slots.reduce((n, slot) => n + slot.failed, 0);
  const byStatus = STATUSES
    .map(status => [status, counts.filter(c => c.status === status).reduce((n, c) => n + c.count, 0)])
    .filter(([, n]) => n > 0).map(([status, n]) => `${count(n)} ${status}`).join(', ');
  return h('div', { class: 'tiles' },
    tile('Transactions', rate(recentRate(data, 'succeeded', 'failed')), '/s', 'finished, last 30 s'),
    tile('Latency p50', duration(data.latencies.transactions.p50), '', `p95: ${duration(data.latencies.transactions.p95)}`),
    tile('Unfinished', problem ? '?' : count(all), '', problem ? 'unknown' : byStatus || 'none'),
    tile('Overdue', problem ? '?' : count(overdue), '', overdue > 0 ? 'overdue by more than 10 s' : 'none overdue', overdue > 0),
    tile('Failed', count(failed), '', 'transactions, last 10 min'));
}

const tile = (name, value, unit, note, bad = false) => h('div', { class: `tile ${bad ? 'bad' : ''}` },
  h('div', { class: 'name' }, name), h('div', { class: 'value' }, value, h('small', {}, unit)), h('div', { class: 'note' }, note));

function latencies(data) {
  const row = (name, latency, perSecond) => h('tr', {},
    h('th', { scope: 'row' }, name), h('td', {}, `${rate(perSecond)}/s`),
    h('td', {}, duration(latency.p50)), h('td', {}, duration(latency.p95)), h('td', {}, duration(latency.p99)));
  return h('table', { class: 'numbers' },
    h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Latency'), ['Rate', 'p50', 'p95', 'p99'].map(name => h('th', { scope: 'col' }, name)))),
    h('tbody', {},
      row('Transactions, creation to end', data.latencies.transactions, recentRate(data, 'succeeded', 'failed')),
      row('Branch calls', data.latencies.calls, recentRate(data, 'calls_answered', 'calls_failed')),
      row('Requests to the coordinator', data.latencies.requests, recentRate(data, 'requests'))));
}

const listLink = parameters => `#/transactions?${new URLSearchParams(parameters)}`;

function unfinished(data) {
  const { counts, ages, problem } = data.unfinished;
  const rows = TYPES.flatMap(type => STATUSES.map(status => counts.find(c => c.type === type && c.status === status))).filter(c => c && c.count > 0);
  const words = { 60: '1 min', 600: '10 min', 3600: '1 h', 86400: '1 day' };
  const word = age => words[age.from_seconds] ?? duration(age.from_seconds * 1000);
  const names = ages.map((age, i) => i === ages.length - 1 ? `over ${word(age)}` : i === 0 ? `under ${word(ages[1])}` : `${word(age)} – ${word(ages[i + 1])}`);
  return h('section', { class: 'card' },
    h('h2', {}, 'Unfinished ', h('small', {}, 'whole store')),
    problem ? h('p', { class: 'banner bad', role: 'alert' }, `Unknown: ${problem}`)
      : rows.length === 0 ? empty('No unfinished transactions.')
        : [
          h('table', { class: 'numbers' },
            h('thead', {}, h('tr', {}, ['Pattern', 'Status', 'Count', 'Overdue'].map(name => h('th', { scope: 'col' }, name)))),
            h('tbody', {}, rows.map(c => h('tr', {},
              h('td', {}, c.type),
              h('td', {}, h('a', { href: listLink({ transType: c.type, status: c.status }), 'data-key': `${c.type} ${c.status}` }, badge(c.status))),
              h('td', {}, count(c.count)),
              h('td', { class: c.overdue > 0 ? 'bad' : 'muted' }, count(c.overdue)))))),
          h('h3', {}, 'By age'),
          ages.length === 0 ? h('p', { class: 'muted' }, 'Too many to count by age.')
            : ranks(ages.map((age, i) => ({
              label: names[i],
              value: age.count,
              bad: age.from_seconds >= 3600,
            }))),
        ]);
}

function failing(data, scope) {
  return h('section', { class: 'card' },
    h('h2', {}, 'Failing services ', h('small', {}, `last ten minutes, ${scope}`)),
    data.services.length === 0 ? empty('No failed calls.')
      : h('ul', { class: 'services', tabindex: '0', 'aria-label': 'Failing services', 'data-scroll': 'services', 'data-key': 'services' }, data.services.map(service => h('li', {},
        h('div', { class: 'line' },
          h('strong', { class: 'mono' }, service.service),
          h('span', { class: 'counts' },
            service.errors > 0 && badge('unknown', plural(service.errors, 'error')),
            service.refusals > 0 && badge('failed', plural(service.refusals, 'failure')))),
        h('p', { class: 'error-text' }, service.last_error || 'no error text'),
        h('div', { class: 'muted line' }, gidLink(service.last_gid), ago(service.last_time, data.now))))));
}

function silos(data) {
  return h('section', { class: 'card' },
    h('h2', {}, data.cluster_mode === 'Local' ? 'This coordinator ' : `Silos of the cluster `, h('small', {}, `${data.cluster_mode} · ${data.store}`)),
    h('table', { class: 'rows stacked labelled' },
      h('thead', {}, h('tr', {}, ['Silo', 'Status', 'Version', 'Uptime', 'Memory'].map(name => h('th', { scope: 'col' }, name)))),
      h('tbody', {}, data.silos.map(silo => h('tr', {},
        h('td', { 'data-label': 'Silo' }, h('span', {}, h('span', { class: 'mono' }, silo.address), ' ', h('span', { class: 'muted' }, silo.name), silo.is_here && [' ', badge('here', 'serves this page')])),
        h('td', { 'data-label': 'Status' }, h('span', {}, badge(`silo-${silo.status.toLowerCase()}`, silo.status))),
        h('td', { 'data-label': 'Version' }, silo.version ?? '–'),
        h('td', { 'data-label': 'Uptime' }, silo.started ? h('span', { title: `since ${silo.started}` }, duration(new Date(data.now) - new Date(silo.started))) : '–'),
        h('td', { 'data-label': 'Memory' }, silo.memory ? bytes(silo.memory) : silo.status === 'Active' ? 'no response: not included' : '–'))))),
    h('p', { class: 'muted' }, 'Version of this silo: ', data.version, '. Its time: ', time(data.now), '.'));
}
