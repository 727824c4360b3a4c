// The overview, refreshed while the tab is visible.
import { h, show } from './dom.js';
import { get } from './api.js';
import { clock, count, duration, rate } from './format.js';
import { t } from './i18n.js';
import { badge, empty, failure } from './widgets.js';
import { bars, ranks } from './charts.js';
import { keepFresh } from './refresh.js';
import { attention } from './attention.js';
import { link } from './filters.js';
import { silos } from './silos.js';

export const section = 'overview';
export const title = () => t('page.overview');

const EVERY = 3000;
const STATUSES = ['prepared', 'submitted', 'aborting'];
const TYPES = ['saga', 'msg', 'tcc', 'xa', 'workflow'];

/** The reasons for waiting, from those that work to those that need an operator. */
const REASONS = ['answer', 'time', 'delay', 'submit', 'ongoing', 'orphan', 'retry', 'parked', 'silo'];
const BAD = ['retry', 'parked', 'silo'];

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
    h('h1', {}, t('page.overview')),
    data && h('p', { class: `muted fresh ${error ? 'stale' : ''}` }, t(error ? 'overview.asOf' : 'overview.live', { time: clock(data.now) })));
}

function content(data) {
  const told = data.silos.filter(silo => silo.started);
  const scope = told.length > 1 ? t('overview.allSilos', { n: told.length }) : t('overview.thisSilo');
  const chart = { slots: data.slots, now: data.now, slotSeconds: data.slot_seconds, slotsMax: data.slots_max };
  return [
    attention(data),
    tiles(data),
    h('section', { class: 'card' },
      h('h2', {}, t('overview.tenMinutes'), ' ', h('small', {}, scope)),
      h('div', { class: 'charts' },
        bars({ ...chart, title: t('overview.finished'), good: { field: 'succeeded', name: t('overview.succeeded') }, bad: { field: 'failed', name: t('overview.failedOnes') } }),
        bars({ ...chart, title: t('overview.calls'), good: { field: 'calls_answered', name: t('overview.answered') }, bad: { field: 'calls_failed', name: t('overview.failedOnes') } })),
      latencies(data)),
    h('div', { class: 'columns' }, reasons(data), unfinished(data)),
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
  const { p50, p95, p99 } = data.latencies.transactions;
  const read = data.waiting;
  const waits = reason => read.problem ? '?' : `${count(read.reasons[reason] ?? 0)}${read.is_all ? '' : '+'}`;
  const has = reason => (read.reasons[reason] ?? 0) > 0;
  return h('div', { class: 'tiles' },
    tile(t('page.transactions'), rate(recentRate(data, 'succeeded', 'failed')), '/s', t('overview.finishedNote')),
    tile(t('overview.latency50'), duration(p50), '', t('overview.latencyNote', { p95: duration(p95), p99: duration(p99) })),
    tile(t('overview.unfinished'), problem ? '?' : count(all), '', problem ? t('overview.unknown') : byStatus || t('overview.none')),
    tile(t('overview.retrying'), waits('retry'), '', t('overview.retryingNote'), has('retry')),
    tile(t('overview.parked'), waits('parked'), '', t('overview.parkedNote'), has('parked')),
    tile(t('overview.overdue'), problem ? '?' : count(overdue), '', t(overdue > 0 ? 'overview.overdueNote' : 'overview.overdueNone'), overdue > 0),
    tile(t('overview.failed'), count(failed), '', t('overview.failedNote')));
}

const tile = (name, value, unit, note, bad = false) => h('div', { class: `tile ${bad ? 'bad' : ''}` },
  h('div', { class: 'name' }, name), h('div', { class: 'value' }, value, h('small', {}, unit)), h('div', { class: 'note' }, note));

function latencies(data) {
  const row = (name, latency, perSecond) => h('tr', {},
    h('th', { scope: 'row' }, name), h('td', {}, `${rate(perSecond)}/s`),
    h('td', {}, duration(latency.p50)), h('td', {}, duration(latency.p95)), h('td', {}, duration(latency.p99)));
  return h('table', { class: 'numbers' },
    h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, t('overview.latency')), [t('overview.rate'), 'p50', 'p95', 'p99'].map(name => h('th', { scope: 'col' }, name)))),
    h('tbody', {},
      row(t('overview.latencyTransactions'), data.latencies.transactions, recentRate(data, 'succeeded', 'failed')),
      row(t('overview.calls'), data.latencies.calls, recentRate(data, 'calls_answered', 'calls_failed')),
      row(t('overview.latencyRequests'), data.latencies.requests, recentRate(data, 'requests'))));
}

/** Each unfinished transaction once, by the reason why it has not ended. */
function reasons({ waiting }) {
  const rows = REASONS.filter(reason => waiting.reasons[reason] > 0);
  return h('section', { class: 'card' },
    h('h2', {}, t('overview.why'), ' ', h('small', {}, waiting.is_all ? t('overview.whyAll') : t('overview.whyNewest', { n: waiting.read }))),
    waiting.problem ? h('p', { class: 'banner bad', role: 'alert' }, t('overview.problem', { problem: waiting.problem }))
      : rows.length === 0 ? empty(t('overview.noUnfinished'))
        : ranks(rows.map(reason => ({
          label: h('a', { href: link(reason === 'parked' ? { parked: true } : { waiting: reason }), 'data-key': `reason ${reason}` }, t(`reason.${reason}`)),
          value: waiting.reasons[reason],
          bad: BAD.includes(reason),
        }))));
}

const AGES = { 60: 'overview.age60', 600: 'overview.age600', 3600: 'overview.age3600', 86400: 'overview.age86400' };

function unfinished(data) {
  const { counts, ages, problem } = data.unfinished;
  const rows = TYPES.flatMap(type => STATUSES.map(status => counts.find(c => c.type === type && c.status === status))).filter(c => c && c.count > 0);
  const word = age => AGES[age.from_seconds] ? t(AGES[age.from_seconds]) : duration(age.from_seconds * 1000);
  const names = ages.map((age, i) => i === ages.length - 1 ? t('overview.over', { age: word(age) })
    : i === 0 ? t('overview.under', { age: word(ages[1]) }) : `${word(age)} – ${word(ages[i + 1])}`);
  const columns = ['overview.pattern', 'overview.status', 'overview.count', 'overview.overdue'];
  return h('section', { class: 'card' },
    h('h2', {}, t('overview.unfinished'), ' ', h('small', {}, t('overview.wholeStore'))),
    problem ? h('p', { class: 'banner bad', role: 'alert' }, t('overview.problem', { problem }))
      : rows.length === 0 ? empty(t('overview.noUnfinished'))
        : [
          h('table', { class: 'numbers' },
            h('thead', {}, h('tr', {}, columns.map(name => h('th', { scope: 'col' }, t(name))))),
            h('tbody', {}, rows.map(c => h('tr', {},
              h('td', {}, c.type),
              h('td', {}, h('a', { href: link({ transType: c.type, status: c.status }), 'data-key': `${c.type} ${c.status}` }, badge(c.status))),
              h('td', {}, count(c.count)),
              h('td', { class: c.overdue > 0 ? 'bad' : 'muted' }, count(c.overdue)))))),
          h('h3', {}, t('overview.byAge')),
          ages.length === 0 ? h('p', { class: 'muted' }, t('overview.tooMany'))
            : ranks(ages.map((age, i) => ({
              label: names[i],
              value: age.count,
              bad: age.from_seconds >= 3600,
            }))),
        ]);
}
