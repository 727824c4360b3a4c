// The list, with the filters of the API. The filter is in the URL.
import { h, show } from './dom.js';
import { get, mayChange } from './api.js';
import { fromField, toField, zone } from './times.js';
import { badge, empty, failure, gidLink, loading, time } from './widgets.js';
import { follow } from './follow.js';
import { jobs } from './jobs.js';
import { keepFresh } from './refresh.js';
import { selection } from './selection.js';

export const section = 'transactions';
export const title = () => 'Transactions';

const PAGE = 50;
const ATTENTION = 5;

/** The store reads every unfinished row for it. */
const ATTENTION_EVERY = 30_000;
const STATUSES = ['prepared', 'submitted', 'aborting', 'succeed', 'failed'];
const TYPES = ['saga', 'msg', 'tcc', 'xa', 'workflow'];
const FIELDS = ['gid', 'gid_prefix', 'tag', 'host', 'error', 'status', 'transType', 'createTimeStart', 'createTimeEnd', 'parked'];

/** The search field: a gid, a start of gids with * at the end, tag:key:value, host:name or error:text. */
const WORDS = ['tag', 'host', 'error'];

function searched(text) {
  const word = WORDS.find(name => text.startsWith(`${name}:`));
  if (word) return { [word]: text.slice(word.length + 1).trim() };
  return text.endsWith('*') ? { gid_prefix: text.slice(0, -1) } : { gid: text };
}

function searchText(filter) {
  const word = WORDS.find(name => filter[name] !== '');
  return word ? `${word}:${filter[word]}` : filter.gid_prefix !== '' ? `${filter.gid_prefix}*` : filter.gid;
}

export async function open(place, parameters, signal, refused) {
  const filter = Object.fromEntries(FIELDS.map(name => [name, parameters.get(name) ?? '']));
  const position = parameters.get('position') ?? '';
  const isWhole = position === '' && FIELDS.every(name => filter[name] === '');
  const attention = h('section', { class: 'card attention', hidden: true, 'aria-label': 'Needs attention' });
  const running = h('section', { class: 'card', hidden: true, 'aria-label': 'Jobs' });
  const result = h('div', { class: 'result' }, loading());
  const choice = selection(filter, position, () => work?.look());
  const { gid, gid_prefix: start, tag, transType: type } = filter; // Not the status: what leaves it must vanish.
  const followed = follow(
    Object.fromEntries(Object.entries({ gid, gid_prefix: start, tag, transType: type }).filter(([, v]) => v !== '')),
    s => get('transactions', { ...filter, position, limit: PAGE }, s),
    (page, error) => {
      if (error && refused(error)) return false;
      const rows = page?.transactions ?? [];
      choice.show(rows);
      show(result,
        error && failure(error, () => followed.look()),
        page && [
          rows.length > 0 && choice.bar,
          list(rows, filter, position, choice, (page.next_position ?? '') !== ''),
          pager(page, filter, position),
        ]);
      return true;
    },
    position !== '',
    signal);
  show(place,
    h('div', { class: 'heading' }, h('h1', {}, 'Transactions'), h('div', { class: 'buttons' }, followed.tools)),
    form(filter),
    running,
    attention,
    result);
  const work = mayChange() ? jobs(running, signal) : null;
  if (isWhole) needAttention(attention, signal);
  await followed.first;
}

/** What is put aside goes on only if an operator acts. */
function needAttention(place, signal) {
  keepFresh(
    s => get('transactions', { parked: true, limit: ATTENTION + 1 }, s),
    (page, error) => {
      if (error || page === null) return true; // The list shows what is wrong.
      const rows = page.transactions ?? [];
      place.hidden = rows.length === 0;
      show(place,
        h('h2', {}, 'Needs attention ',
          h('small', {}, 'calls are put aside: they are made again only if an operator acts')),
        h('ul', {}, rows.slice(0, ATTENTION).map(row => h('li', { class: 'line' },
          badge('parked'),
          badge(row.status),
          gidLink(row.gid),
          h('span', { class: 'muted' }, row.trans_type, ' of ', time(row.create_time))))),
        h('p', {}, h('a', { href: link({ parked: 'true' }), 'data-key': 'all parked' },
          rows.length > ATTENTION || page.next_position ? 'All that are put aside' : 'As a list')));
      return true;
    },
    ATTENTION_EVERY,
    signal);
}

const link = parameters => {
  const query = new URLSearchParams(Object.entries(parameters).filter(([, v]) => v !== ''));
  return query.size ? `#/transactions?${query}` : '#/transactions';
};

function form(filter) {
  const choice = (name, label, options) => h('label', {}, label,
    h('select', { name }, h('option', { value: '' }, 'any'), options.map(o => h('option', { value: o, selected: o === filter[name] }, o))));
  const moment = (name, label) => h('label', { class: 'moment' }, h('span', {}, label, ' (', zone(), ')'), h('input', { type: 'datetime-local', name, step: '1', value: toField(filter[name]) }));
  const given = FIELDS.some(name => filter[name] !== '');
  return h('form', {
    class: 'filter card',
    'aria-label': 'Filter',
    onsubmit: event => {
      event.preventDefault();
      const { search, ...values } = Object.fromEntries(new FormData(event.target));
      const target = link({
        ...values,
        ...searched(search.trim()),
        createTimeStart: fromField(values.createTimeStart),
        createTimeEnd: fromField(values.createTimeEnd),
      });
      if (target === location.hash) window.dispatchEvent(new HashChangeEvent('hashchange'));
      else location.hash = target;
    },
  },
  h('label', { class: 'wide' }, 'Gid or tag', h('input', { name: 'search', value: searchText(filter), maxlength: 1600, spellcheck: 'false', autocomplete: 'off', class: 'mono', placeholder: 'gid, gid*, tag:order:4711, tag:order:47*, host:bank, error:text' })),
  choice('status', 'Status', STATUSES),
  choice('transType', 'Pattern', TYPES),
  h('label', {}, 'Put aside', h('select', { name: 'parked' },
    h('option', { value: '' }, 'any'), h('option', { value: 'true', selected: filter.parked === 'true' }, 'parked only'))),
  moment('createTimeStart', 'Created from'),
  moment('createTimeEnd', 'Created to'),
  h('div', { class: 'buttons' },
    h('button', { type: 'submit', class: 'primary' }, 'Filter'),
    given && h('a', { class: 'button', href: '#/transactions' }, 'Clear')));
}

function list(rows, filter, position, choice, goesOn) {
  if (rows.length === 0 && goesOn) return empty('No match among the transactions that were read. Older ones may match.');
  if (rows.length === 0) {
    const given = FIELDS.some(name => filter[name] !== '');
    return empty(position !== '' ? 'No older transactions.'
      : given ? 'No transaction matches the filter.' : 'No transactions yet.');
  }
  return h('table', { class: 'rows stacked list' },
    h('thead', {}, h('tr', {}, ['Gid', 'Pattern', 'Status', 'Created', 'Last change', 'Rollback reason'].map(
      (name, i) => h('th', { scope: 'col' }, i === 0 && choice.all(), name)))),
    h('tbody', {}, rows.map(row => h('tr', {},
      h('td', { 'data-label': 'Gid' }, h('span', { class: 'picked' }, choice.one(row), gidLink(row.gid))),
      h('td', { 'data-label': 'Pattern' }, row.trans_type),
      h('td', { 'data-label': 'Status' }, h('span', {}, badge(row.status), row.parked && [' ', badge('parked')])),
      h('td', { 'data-label': 'Created' }, time(row.create_time)),
      h('td', { 'data-label': 'Last change' }, time(row.update_time)),
      h('td', { 'data-label': 'Rollback reason', class: 'reason' }, row.rollback_reason && h('div', { title: row.rollback_reason }, row.rollback_reason))))));
}

const pager = (page, filter, position) => h('nav', { class: 'pager', 'aria-label': 'Pages of the list' },
  position !== '' && h('a', { class: 'button', href: link(filter) }, 'Newest'),
  page.next_position !== '' && page.next_position !== undefined
    && h('a', { class: 'button', href: link({ ...filter, position: page.next_position }), rel: 'next' }, 'Older'));
