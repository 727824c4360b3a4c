// The stored attempts of all calls, in the order of their responses.
import { h } from './dom.js';
import { duration } from './format.js';
import { badge, time } from './widgets.js';

const ATTEMPTS_MAX = 300;

export function timeline(data) {
  const all = [data.callback, ...data.calls, data.notice].filter(Boolean);
  const attempts = all.flatMap(call => call.history.map((attempt, i) => ({
    ...attempt, call, number: call.attempts - call.history.length + i + 1,
  }))).sort((a, b) => new Date(a.time) - new Date(b.time) || a.call.index - b.call.index);
  const lost = all.reduce((n, call) => n + call.attempts - call.history.length, 0);
  const shown = attempts.slice(-ATTEMPTS_MAX);
  const missing = lost + attempts.length - shown.length;
  const since = value => `+${duration(Math.max(0, new Date(value) - new Date(data.created)))}`;
  const entry = (value, kind, ...content) => h('li', { class: kind },
    h('span', { class: 'when' }, time(value, true), h('span', { class: 'muted' }, since(value))), h('div', {}, ...content));
  const next = all.filter(call => call.retry_at && (!data.is_final || call.index === -2)).sort((a, b) => new Date(a.retry_at) - new Date(b.retry_at));
  const end = data.finished && entry(data.finished, `end is-${data.status}`, h('strong', {}, 'Finished '), badge(data.status), data.reason && h('p', {}, data.reason));
  const after = shown.findIndex(attempt => data.finished && new Date(attempt.time) > new Date(data.finished));
  const split = after < 0 ? shown.length : after;
  const made = shown.map(attempt => entry(attempt.time, `is-${attempt.outcome.replaceAll(' ', '-')}`,
    h('span', { class: 'mono' }, attempt.call.branch_id), ' ', attempt.call.op, ' ', badge(attempt.outcome), ' ',
    h('span', { class: 'muted' }, `attempt ${attempt.number}, ${duration(attempt.duration_ms)}`),
    attempt.error && h('p', { class: `error-text ${attempt.outcome === 'ongoing' ? 'muted' : ''}` }, attempt.error)));
  return h('ol', { class: 'timeline' },
    entry(data.created, 'begin', h('strong', {}, 'Stored')),
    missing > 0 && h('li', { class: 'gap' }, h('span', {}), h('div', { class: 'muted' }, `${missing} earlier attempts are not stored or not shown.`)),
    made.slice(0, split),
    end,
    made.slice(split),
    next.slice(0, 5).map(call => entry(call.retry_at, 'coming', 'Next: ', h('span', { class: 'mono' }, call.branch_id), ' ', call.op, ' ', badge('waiting'))));
}
