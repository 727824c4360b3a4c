// The filter of the list: what is in the URL, shown as chips, and the form that adds a condition.
import { h } from './dom.js';
import { t } from './i18n.js';
import { absolute, fromField, zone } from './times.js';

const STATUSES = ['prepared', 'submitted', 'aborting', 'succeed', 'failed'];
const ENDED = ['succeed', 'failed'];
const TYPES = ['saga', 'msg', 'tcc', 'xa', 'workflow'];

/** Conditions of unfinished transactions only. */
const OPEN = ['unfinished', 'parked', 'waiting'];
const REASONS = ['retry', 'silo', 'answer', 'ongoing', 'submit', 'delay', 'orphan', 'time'];
const NAMES = [
  'gid', 'gid_prefix', 'tag', 'host', 'error', 'status', 'transType', ...OPEN, 'createTimeStart', 'createTimeEnd',
];

/** What the form offers: a text, a choice or a time. gid ends with * for all that start so. */
const FIELDS = {
  gid: { text: 'list.hint.gid', max: 128 },
  tag: { text: 'list.hint.tag', max: 200 },
  host: { text: 'list.hint.host', max: 256 },
  error: { text: 'list.hint.error', max: 256 },
  status: { choice: STATUSES.map(status => [status, status]) },
  transType: { choice: TYPES.map(type => [type, type]) },
  open: {
    choice: [
      ['unfinished', 'list.open.unfinished'], ['parked', 'list.open.parked'],
      ...REASONS.map(reason => [reason, `list.open.${reason}`]),
    ],
  },
  createTimeStart: { moment: true },
  createTimeEnd: { moment: true },
};

/** The field that was added last gets the focus again, so that several can be typed in a row. */
let added = false;

export const ofUrl = parameters => Object.fromEntries(NAMES.map(name => [name, parameters.get(name) ?? '']));

export const isEmpty = filter => NAMES.every(name => filter[name] === '');

/** Conditions that no index answers: rows are read one by one, and a page may end without a match. */
export const isScan = filter => filter.host !== '' || filter.error !== '' || filter.waiting !== '' && filter.waiting !== 'silo';

export const link = parameters => {
  const query = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== ''));
  return query.size ? `#/transactions?${query}` : '#/transactions';
};

/** The filter with a condition; conditions that exclude it are removed. */
export function withCondition(filter, field, value) {
  switch (field) {
    case 'gid': return value.endsWith('*')
      ? { ...filter, gid: '', gid_prefix: value.slice(0, -1) }
      : { ...filter, gid: value, gid_prefix: '' };
    case 'tag': return { ...filter, tag: [...new Set([...tags(filter), value])].join(',') };
    case 'status': return ENDED.includes(value)
      ? { ...filter, status: value, unfinished: '', parked: '', waiting: '', error: '' }
      : { ...filter, status: value };
    case 'open': return {
      ...unended(filter),
      unfinished: value === 'unfinished' ? 'true' : '',
      parked: value === 'parked' ? 'true' : '',
      waiting: REASONS.includes(value) ? value : '',
    };
    case 'error': return { ...unended(filter), error: value };
    default: return { ...filter, [field]: value };
  }
}

const unended = filter => ENDED.includes(filter.status) ? { ...filter, status: '' } : filter;

const tags = filter => filter.tag === '' ? [] : filter.tag.split(',');

const moment = ms => /^\d{1,15}$/.test(ms) ? absolute(Number(ms)) : ms;

/** Each active condition as a chip with a link that removes it. */
export function chips(filter, sort) {
  const all = [
    ...tags(filter).map(tag => [
      `${t('list.field.tag')}: ${tag}`, { ...filter, tag: tags(filter).filter(other => other !== tag).join(',') },
    ]),
    ...NAMES.filter(name => name !== 'tag' && filter[name] !== '').map(name => [words(name, filter[name]), { ...filter, [name]: '' }]),
  ];
  if (all.length === 0) return null;
  return h('ul', { class: 'chips', 'aria-label': t('list.active') },
    all.map(([text, rest]) => h('li', { class: 'chip' },
      h('span', {}, text),
      h('a', {
        href: link({ ...rest, sort }), 'aria-label': t('list.remove', { text }), title: t('list.remove', { text }),
        'data-key': `remove ${text}`,
      }, '×'))),
    all.length > 1 && h('li', {}, h('a', { href: link({ sort }), 'data-key': 'clear' }, t('list.clear'))));
}

function words(name, value) {
  switch (name) {
    case 'gid_prefix': return `${t('list.field.gid')}: ${value}*`;
    case 'unfinished':
    case 'parked': return value === 'true' ? t(`list.open.${name}`) : `${name}: ${value}`;
    case 'waiting': return REASONS.includes(value) ? t(`list.open.${value}`) : `${name}: ${value}`;
    case 'createTimeStart':
    case 'createTimeEnd': return `${t(`list.field.${name}`)}: ${moment(value)}`;
    default: return `${t(`list.field.${name}`)}: ${value}`;
  }
}

/** The form that adds a condition. */
export function form(filter, sort) {
  const place = h('div', { class: 'value' });
  const select = h('select', { name: 'field', 'data-key': 'field', onchange: () => offer() },
    Object.keys(FIELDS).map(name => h('option', { value: name }, t(`list.field.${name}`))));
  const offer = () => place.replaceChildren(
    h('label', {}, h('span', {}, t('list.value'), FIELDS[select.value].moment && [' (', zone(), ')']), control(FIELDS[select.value])));
  offer();
  if (added) queueMicrotask(() => select.focus({ preventScroll: true }));
  added = false;
  return h('form', {
    class: 'add-filter',
    'aria-label': t('list.filter'),
    onsubmit: event => {
      event.preventDefault();
      const { field, value } = Object.fromEntries(new FormData(event.target));
      const given = FIELDS[field].moment ? fromField(value) : value.trim();
      if (given === '') return;
      added = true;
      go(link({ ...withCondition(filter, field, given), sort }));
    },
  },
  h('label', {}, t('list.filterBy'), select),
  place,
  h('button', { type: 'submit' }, t('list.add')));
}

function control({ text, max, choice, moment: isMoment }) {
  if (choice) return h('select', { name: 'value' }, choice.map(([value, label]) => h('option', { value }, label === value ? label : t(label))));
  return isMoment
    ? h('input', { type: 'datetime-local', name: 'value', step: '1', required: true })
    : h('input', {
      name: 'value', required: true, maxlength: max, placeholder: t(text), class: 'mono', spellcheck: 'false', autocomplete: 'off',
    });
}

/** Opens the URL; the same one again reloads the list. */
export function go(target) {
  if (target === location.hash) window.dispatchEvent(new HashChangeEvent('hashchange'));
  else location.hash = target;
}
