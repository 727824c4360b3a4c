// The audit records of one transaction, for administrators.
import { h, show } from './dom.js';
import { get } from './api.js';
import { t } from './i18n.js';
import { badge, time } from './widgets.js';

const RECORDS_MAX = 100;

/** A part that loads the records while it is expanded, and keeps the last ones during a refresh. */
export function auditOf(gid, signal) {
  let last = null;
  return (opened, fold) => {
    const place = h('div', { class: 'scroller', tabindex: '0', 'data-scroll': 'audit', 'data-key': 'audit table' }, last === null ? t('common.loading') : table(last));
    const load = async () => {
      try {
        last = await get('audit', { gid, limit: RECORDS_MAX }, signal);
        show(place, table(last));
      } catch (e) {
        if (e.name !== 'AbortError') place.textContent = t('common.notAvailable', { problem: e.message });
      }
    };
    if (opened.has('audit')) load();
    return fold('audit', 'card', h('h2', {}, t('audit.title'), ' ', h('small', {}, t('audit.about'))), place, load);
  };
}

function table({ records, next_position: next }) {
  if (records.length === 0) return h('p', { class: 'muted' }, t('audit.none'));
  const head = [
    t('audit.time'), t('audit.action'), t('audit.outcome'), t('audit.caller'), t('audit.address'), t('audit.status'),
    t('audit.detail'),
  ];
  return [
    h('table', { class: 'stacked' },
      h('thead', {}, h('tr', {}, head.map(name => h('th', { scope: 'col' }, name)))),
      h('tbody', {}, records.map(row))),
    next !== '' && h('p', { class: 'muted' }, t('audit.onlyLast', { n: RECORDS_MAX })),
  ];
}

function row(record) {
  const caller = record.caller === '' ? record.kind : `${record.kind} ${record.caller}`;
  const cell = (name, ...content) => h('td', { 'data-label': name }, ...content);
  return h('tr', {},
    cell(t('audit.time'), time(record.time, true)),
    cell(t('audit.action'), record.action),
    cell(t('audit.outcome'), badge(record.outcome)),
    cell(t('audit.caller'), caller, record.role !== '' && h('span', { class: 'muted' }, ` (${record.role})`)),
    cell(t('audit.address'), h('span', { class: 'mono' }, record.address)),
    cell(t('audit.status'), record.after === '' ? record.before : `${record.before} → ${record.after}`),
    cell(t('audit.detail'), record.detail));
}
