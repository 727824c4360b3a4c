// The audit records of one transaction, for administrators.
import { h, show } from './dom.js';
import { get } from './api.js';
import { badge, time } from './widgets.js';

const RECORDS_MAX = 100;

/** A part that loads the records while it is expanded, and keeps the last ones during a refresh. */
export function auditOf(gid, signal) {
  let last = null;
  return (opened, fold) => {
    const place = h('div', { class: 'scroller', tabindex: '0', 'data-scroll': 'audit', 'data-key': 'audit table' }, last === null ? 'Loading…' : table(last));
    const load = async () => {
      try {
        last = await get('audit', { gid, limit: RECORDS_MAX }, signal);
        show(place, table(last));
      } catch (e) {
        if (e.name !== 'AbortError') place.textContent = `Not available: ${e.message}`;
      }
    };
    if (opened.has('audit')) load();
    return fold('audit', 'card', h('h2', {}, 'Audit ', h('small', {}, 'who changed it')), place, load);
  };
}

function table({ records, next_position: next }) {
  if (records.length === 0) return h('p', { class: 'muted' }, 'There are no records.');
  const head = ['Time', 'Action', 'Outcome', 'Caller', 'Address', 'Status', 'Detail'];
  return [
    h('table', { class: 'stacked' },
      h('thead', {}, h('tr', {}, head.map(name => h('th', { scope: 'col' }, name)))),
      h('tbody', {}, records.map(row))),
    next !== '' && h('p', { class: 'muted' }, `Only the last ${RECORDS_MAX} records are shown.`),
  ];
}

function row(record) {
  const caller = record.caller === '' ? record.kind : `${record.kind} ${record.caller}`;
  const cell = (name, ...content) => h('td', { 'data-label': name }, ...content);
  return h('tr', {},
    cell('Time', time(record.time, true)),
    cell('Action', record.action),
    cell('Outcome', badge(record.outcome)),
    cell('Caller', caller, record.role !== '' && h('span', { class: 'muted' }, ` (${record.role})`)),
    cell('Address', h('span', { class: 'mono' }, record.address)),
    cell('Status', record.after === '' ? record.before : `${record.before} → ${record.after}`),
    cell('Detail', record.detail));
}
