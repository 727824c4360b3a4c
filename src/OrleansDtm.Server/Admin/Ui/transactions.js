// The list of transactions. Filter, order and page are in the URL.
import { h, show } from './dom.js';
import { t } from './i18n.js';
import { get, mayChange } from './api.js';
import { badge, failure, gidLink, loading, time } from './widgets.js';
import { chips, form, go, isEmpty, link, ofUrl } from './filters.js';
import { follow } from './follow.js';
import { jobs } from './jobs.js';
import { keepFresh } from './refresh.js';
import { CHANGED } from './times.js';
import { compared, list, pager } from './rows.js';
import { selection } from './selection.js';
import { exports, totals } from './totals.js';
import { views } from './views.js';

export const section = 'transactions';
export const title = () => t('page.transactions');

const PAGE = 50;
const ATTENTION = 5;

/** The store reads every unfinished row for it. */
const ATTENTION_EVERY = 30_000;
const SORTS = ['', 'age', 'attempts'];

export async function open(place, parameters, signal, refused) {
  const filter = ofUrl(parameters);
  const sort = parameters.get('sort') ?? '';
  const position = parameters.get('position') ?? '';
  const attention = h('section', { class: 'card attention', hidden: true, 'aria-label': t('list.attention') });
  const running = h('section', { class: 'card', hidden: true, 'aria-label': t('job.title') });
  const counts = h('div', { class: 'totals' });
  const result = h('div', { class: 'result' }, loading());
  const choice = selection(filter, position, () => work?.look());
  const followed = follow({
    filter: eventsOf(filter),
    load: s => get('transactions', { ...filter, sort, position, limit: PAGE }, s),
    draw: (page, error) => {
      if (error && refused(error)) return false;
      const rows = page?.transactions ?? [];
      choice.show(rows);
      show(result,
        error && failure(error, () => followed.look()),
        page && [
          compared(page),
          rows.length > 0 && choice.bar,
          list({ page, filter, sort, position, choice }),
          pager(page, filter, sort, position),
        ]);
      return true;
    },
    isSteady: position !== '',
    isCostly: sort !== '',
    resumed: () => counted.look(),
    signal,
  });
  const active = h('div', { class: 'active' });
  const tell = () => show(active, chips(filter, sort)); // Some have times.
  tell();
  document.addEventListener(CHANGED, tell, { signal });
  show(place,
    h('div', { class: 'heading' }, h('h1', {}, title()), h('div', { class: 'buttons' }, followed.tools, exports(filter))),
    views(link({ ...filter, sort })),
    h('div', { class: 'card filters' },
      active,
      h('div', { class: 'line' }, form(filter, sort), order(filter, sort)),
      counts),
    running,
    attention,
    result);
  const counted = totals(counts, filter, sort, () => followed.isPaused(), signal);
  const work = mayChange() ? jobs(running, signal) : null;
  if (position === '' && sort === '' && isEmpty(filter)) needAttention(attention, signal);
  await followed.first;
}

/** Not the status, nor why it waits: what does not match any more must vanish. */
function eventsOf({ gid, gid_prefix, tag, transType }) {
  return Object.fromEntries(Object.entries({ gid, gid_prefix, tag, transType }).filter(([, value]) => value !== ''));
}

const order = (filter, sort) => h('label', { class: 'order' }, t('list.order'),
  h('select', {
    'data-key': 'order',
    onchange: event => {
      const { value } = event.target;
      const ended = value !== '' && ['succeed', 'failed'].includes(filter.status);
      go(link({ ...filter, status: ended ? '' : filter.status, sort: value }));
    },
  }, SORTS.map(name => h('option', { value: name, selected: name === sort }, t(`list.order.${name || 'newest'}`)))));

/** What is put aside goes on only if an operator acts. */
function needAttention(place, signal) {
  keepFresh(
    s => get('transactions', { parked: true, limit: ATTENTION + 1 }, s),
    (page, error) => {
      if (error || page === null) return true; // The list shows what is wrong.
      const rows = page.transactions ?? [];
      place.hidden = rows.length === 0;
      show(place,
        h('h2', {}, t('list.attention'), ' ', h('small', {}, t('list.attentionWhat'))),
        h('ul', {}, rows.slice(0, ATTENTION).map(row => h('li', { class: 'line' },
          badge('parked'),
          badge(row.status),
          gidLink(row.gid),
          h('span', { class: 'muted' }, row.trans_type, ' · ', time(row.create_time))))),
        h('p', {}, h('a', { href: link({ parked: 'true' }), 'data-key': 'all parked' },
          t(rows.length > ATTENTION || page.next_position ? 'list.allParked' : 'list.asList'))));
      return true;
    },
    ATTENTION_EVERY,
    signal);
}
