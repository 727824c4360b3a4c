// The rows of the list, and its pages.
import { h } from './dom.js';
import { t } from './i18n.js';
import { ago, badge, empty, gidLink, time } from './widgets.js';
import { isEmpty, link } from './filters.js';

/** Below the headings; the labels of a phone's rows. */
const COLUMNS = ['gid', 'pattern', 'status', 'created', 'age', 'service', 'attempts', 'next', 'error'];
const SORTS = { age: 'ascending', attempts: 'descending' };

/** @param view page: the answer; filter, sort and position of the URL; choice: the selection. */
export function list({ page, filter, sort, position, choice }) {
  const rows = page.transactions ?? [];
  if (rows.length === 0) {
    return empty(t(page.next_position ? 'list.noneRead' : position !== '' ? 'list.noneOlder'
      : isEmpty(filter) && sort === '' ? 'list.none' : 'list.noMatch'));
  }
  // By age is the order of creation, the other way round.
  const sorted = { age: sort, attempts: sort };
  return h('div', { class: 'scroller', 'data-scroll': 'list' }, h('table', { class: 'rows stacked list' },
    h('thead', {}, h('tr', {}, COLUMNS.map((name, i) => h('th', {
      scope: 'col',
      class: name === 'attempts' ? 'number' : null,
      'aria-sort': sorted[name] === name ? SORTS[name] : null,
    }, i === 0 && choice.all(), t(`list.column.${name}`))))),
    h('tbody', {}, rows.map(row => h('tr', {}, cells(row, choice).map(([name, content, props = {}]) => h('td', {
      ...props,
      class: [`is-${name}`, props.class].filter(Boolean).join(' '),
      'data-label': t(`list.column.${name}`),
    }, content)))))));
}

function cells(row, choice) {
  const waits = row.waiting;
  const error = waits?.last_error ?? row.rollback_reason;
  return [
    ['gid', h('span', { class: 'picked' }, choice.one(row), gidLink(row.gid))],
    ['pattern', row.trans_type],
    ['status', h('span', {}, badge(row.status), row.parked && [' ', badge('parked')],
      waits?.reason === 'silo' && [' ', badge('waiting', t('list.overdue'))])],
    ['created', time(row.create_time)],
    ['age', waits && ago(row.create_time)],
    ['service', waits?.service && h('a', {
      href: link({ host: waits.service, unfinished: 'true' }), title: t('list.sameService', { service: waits.service }),
      'data-key': `service ${row.gid}`,
    }, waits.service)],
    ['attempts', waits?.attempts > 0 && String(waits.attempts), { class: 'number' }],
    ['next', waits && next(waits)],
    ['error', error && h('div', { title: error }, error), { class: 'reason' }],
  ];
}

/** A call in flight ends by its timeout, which is no attempt. */
function next(waits) {
  if (waits.reason === 'parked') return t('list.never');
  if (waits.reason === 'answer') return t('list.inFlight');
  return waits.until ? ago(waits.until) : null;
}

/** What a sorted page has compared. */
export const compared = page => page.compared > 0 && h('p', { class: 'muted note' },
  t(page.is_cut ? 'list.comparedCut' : 'list.compared', { n: page.compared }));

export const pager = (page, filter, sort, position) => h('nav', { class: 'pager', 'aria-label': t('list.pages') },
  position !== '' && h('a', { class: 'button', href: link({ ...filter, sort }) }, t(sort === '' ? 'list.newest' : 'list.first')),
  page.next_position && h('a', {
    class: 'button', href: link({ ...filter, sort, position: page.next_position }), rel: 'next',
  }, t(sort === '' ? 'list.older' : 'list.next')));
