// The stored attempts of all calls, in the order of their responses. Attempts that repeat are folded.
import { h } from './dom.js';
import { duration } from './format.js';
import { parts, t } from './i18n.js';
import { badge, clockTime, stateName, time } from './widgets.js';
import { runs } from './folding.js';

const ENTRIES_MAX = 300;
const SAME_MIN = 3; // attempts of a call with the same error
const GOOD_MIN = 8; // calls in a row that succeeded

/**
 * @param opened keys of the expanded parts.
 * @param redraw renders the page again.
 */
export function timeline(data, opened, redraw) {
  const all = [data.callback, ...data.calls, data.notice].filter(Boolean);
  const entries = all.flatMap(attemptsOf).sort((a, b) => a.at - b.at || a.call.index - b.call.index);
  const rows = runs(entries, entry => entry.outcome === 'succeeded' && !entry.error ? 'succeeded' : null, GOOD_MIN);
  const shown = rows.slice(-ENTRIES_MAX);
  const lost = all.reduce((n, call) => n + call.attempts - call.history.length, 0)
    - entries.reduce((n, entry) => n + entry.earlier, 0);
  const missing = lost + rows.slice(0, -ENTRIES_MAX).reduce((n, row) => n + row.items.length, 0);
  const end = data.finished && line(data, data.finished, `end is-${data.status}`,
    h('strong', {}, t('timeline.finished')), ' ', badge(data.status), data.reason && h('p', {}, data.reason));
  const after = shown.findIndex(row => data.finished && row.items.at(-1).at > new Date(data.finished));
  const split = after < 0 ? shown.length : after;
  const draw = row => row.folded && !opened.has(successKey(row)) ? successes(data, row, opened, redraw)
    : row.items.map((entry, i) => made(data, entry, opened, redraw, row.folded && i === 0 ? successKey(row) : null));
  const next = all.filter(call => call.retry_at && (!data.is_final || call.index === -2))
    .sort((a, b) => new Date(a.retry_at) - new Date(b.retry_at));
  return h('ol', { class: 'timeline' },
    line(data, data.created, 'begin', h('strong', {}, t('timeline.stored'))),
    missing > 0 && h('li', { class: 'gap' }, h('span', {}),
      h('div', { class: 'muted' }, t('timeline.missing', { n: missing }))),
    shown.slice(0, split).map(draw),
    end,
    shown.slice(split).map(draw),
    next.slice(0, 5).map(call => line(data, call.retry_at, 'coming',
      parts('timeline.next', { call: name(call) }), ' ', badge('waiting'))),
    next.length > 5 && h('li', { class: 'gap' }, h('span', {}),
      h('div', { class: 'muted' }, t('timeline.more', { n: next.length - 5 }))));
}

/** The entries of a call: its attempts, those with the same outcome and error in a row as one. */
function attemptsOf(call) {
  const first = call.attempts - call.history.length;
  const attempts = call.history.map((attempt, i) => ({ ...attempt, number: first + i + 1 }));
  return runs(attempts, a => a.outcome === 'succeeded' ? null : `${a.outcome} ${a.error ?? ''}`, SAME_MIN)
    .map(({ items, folded }) => ({
      call,
      items,
      folded,
      outcome: items[0].outcome,
      error: items[0].error,
      at: new Date(items.at(-1).time),
      // Of a call that fails all the time, the attempts before the stored ones belong to its only entry.
      earlier: folded && items[0].number === first + 1 ? first : 0,
    }));
}

function line(data, value, kind, ...content) {
  const since = duration(Math.max(0, new Date(value) - new Date(data.created)));
  return h('li', { class: kind },
    h('span', { class: 'when' }, time(value, true), h('span', { class: 'muted' }, `+${since}`)),
    h('div', {}, ...content));
}

function toggle(opened, redraw, key, text) {
  const isOpen = opened.has(key);
  return h('button', {
    type: 'button',
    class: 'fold',
    'aria-expanded': String(isOpen),
    'data-key': key,
    onclick: () => {
      isOpen ? opened.delete(key) : opened.add(key);
      redraw();
    },
  }, text);
}

const one = attempt => t('timeline.attempt', { number: attempt.number, duration: duration(attempt.duration_ms) });

const name = call => [h('span', { class: 'mono' }, call.branch_id), ' ', call.op];

const kind = outcome => `is-${outcome.replaceAll(' ', '-')}`;

const error = (text, outcome) => text && h('p', { class: `error-text ${outcome === 'ongoing' ? 'muted' : ''}` }, text);

/** @param unfold the key of the folded successes that it begins; null = it begins none. */
function made(data, entry, opened, redraw, unfold) {
  if (entry.folded) return repeated(data, entry, opened, redraw);
  const attempt = entry.items[0];
  return line(data, attempt.time, kind(attempt.outcome),
    ...name(entry.call), ' ', badge(attempt.outcome), ' ',
    h('span', { class: 'muted' }, one(attempt)),
    unfold && [' ', toggle(opened, redraw, unfold, t('timeline.foldSuccesses'))],
    error(attempt.error, attempt.outcome));
}

function repeated(data, { call, items, earlier, outcome, error: text }, opened, redraw) {
  const [first, last] = [items[0], items.at(-1)];
  const key = `attempts ${call.index} ${outcome}`;
  const spent = items.map(a => a.duration_ms);
  const [low, high] = [duration(Math.min(...spent)), duration(Math.max(...spent))];
  return line(data, last.time, `${kind(outcome)} repeated`,
    ...name(call), ' ', badge(outcome, `${stateName(outcome)} × ${items.length}`), ' ',
    h('span', { class: 'muted' }, parts('timeline.attempts', {
      first: first.number,
      last: last.number,
      firstTime: clockTime(first.time),
      lastTime: clockTime(last.time),
      duration: low === high ? low : t('timeline.range', { low, high }),
    }), earlier > 0 && t('timeline.notKept', { n: earlier })),
    error(text, outcome),
    toggle(opened, redraw, key, opened.has(key) ? t('timeline.fold') : t('timeline.showAll', { n: items.length })),
    opened.has(key) && h('ol', { class: 'each' }, items.map(a => h('li', {},
      time(a.time, true), ' ', h('span', { class: 'muted' }, one(a))))));
}

/** The first call of the run does not change when others follow. */
const successKey = row => `successes ${row.items[0].call.index}`;

function successes(data, row, opened, redraw) {
  const [first, last] = [row.items[0], row.items.at(-1)];
  return line(data, last.items[0].time, 'is-succeeded repeated',
    parts('timeline.range', { low: name(first.call), high: name(last.call) }), ' ',
    badge('succeeded', `${stateName('succeeded')} × ${row.items.length}`), ' ',
    h('span', { class: 'muted' }, parts('timeline.span', {
      firstTime: clockTime(first.items[0].time), lastTime: clockTime(last.items[0].time),
    })), ' ',
    toggle(opened, redraw, successKey(row), t('timeline.showAll', { n: row.items.length })));
}
