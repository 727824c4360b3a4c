// How many transactions match the filter, by status, and the export of them.
import { h, show } from './dom.js';
import { parts, t } from './i18n.js';
import { get } from './api.js';
import { chosen } from './namespace.js';
import { badge } from './widgets.js';
import { isScan, link } from './filters.js';
import { keepFresh } from './refresh.js';

/** Counting costs more than a page. */
const EVERY = 20_000;
const EXPORT_MAX = 100_000;

/** A minimum is one more than the bound of the count, or a sum of such numbers. */
const exact = (n, isMinimum) => isMinimum && n > 1000
  ? `${(Math.floor(n / 1000) * 1000).toLocaleString('en')}+` : `${n.toLocaleString('en')}${isMinimum ? '+' : ''}`;

/** @param isPaused whether the list is: its numbers then stay as they are, too. */
export function totals(place, filter, sort, isPaused, signal) {
  return keepFresh(
    s => get('transaction-counts', filter, s),
    (counts, error) => {
      if (error || counts === null) return true; // The list shows what is wrong.
      show(place,
        h('div', { class: 'line', role: 'group', 'aria-label': t('list.counts') },
          h('strong', {}, t(counts.is_minimum ? 'list.matchingMore' : 'list.matching', { n: counts.count, exact: exact(counts.count, counts.is_minimum) })),
          counts.statuses.map(({ status, count, is_minimum }) => h('a', {
            href: link({ ...filter, status, sort: ['succeed', 'failed'].includes(status) ? '' : sort }), class: 'count', 'data-key': `count ${status}`,
          }, badge(status), ' ', exact(count, is_minimum))),
          isScan(filter) && counts.is_minimum && h('span', { class: 'muted' }, t('list.countedSome'))));
      return true;
    },
    () => isPaused() ? null : EVERY,
    signal);
}

/** The files are sent by the server while it reads, so a large one needs no memory of the page. */
export function exports(filter) {
  const file = format => {
    const space = chosen();
    const query = new URLSearchParams(Object.entries({ ...filter, namespace: space, format }).filter(([, value]) => value !== ''));
    return `ui/api/transactions-export?${query}`;
  };
  return h('details', { class: 'menu' },
    h('summary', { class: 'button', 'data-key': 'export' }, t('list.export')),
    h('div', { class: 'card' },
      h('p', {}, parts('list.exportWhat', { max: EXPORT_MAX.toLocaleString('en') })),
      h('div', { class: 'buttons' },
        h('a', { class: 'button', href: file('csv'), download: '' }, t('list.exportCsv')),
        h('a', { class: 'button', href: file('jsonl'), download: '' }, t('list.exportJsonl')))));
}
