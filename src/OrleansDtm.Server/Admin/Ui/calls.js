// The calls of a transaction, each with its payload and a retry button.
import { h } from './dom.js';
import { mayChange } from './api.js';
import { bytes, plural, pretty } from './format.js';
import { ago, badge, copyButton, empty } from './widgets.js';
import { runs } from './folding.js';

/** Whether the call waits for its retry, or is put aside; only then can it be retried now. */
export const waits = (data, call) => !data.is_final && call.status === 'prepared' && !call.in_flight && (Boolean(call.retry_at) || call.parked);

/** The state of a call, for display. */
export function standing(data, call) {
  if (call.status !== 'prepared') return call.status;
  if (call.in_flight && !(data.is_final && call.index !== -2)) return 'calling';
  if (call.parked && !data.is_final) return 'parked';
  if (call.retry_at && !(data.is_final && call.index !== -2)) return 'waiting';
  return call.started ? 'unknown' : 'not called';
}

/** Calls grouped by branch, the action before its compensation (the coordinator lists them in reverse). */
export function byBranch(data) {
  const branches = new Map();
  for (const call of data.calls) {
    if (!branches.has(call.branch_id)) branches.set(call.branch_id, { id: call.branch_id, calls: [] });
    branches.get(call.branch_id).calls.push(call);
  }
  const all = [...branches.values()];
  if (data.type !== 'workflow') all.forEach(branch => branch.calls.reverse());
  return all;
}

/** Fewer branches are listed one by one. */
const FOLDED_FROM = 13;
const RUN_MIN = 3;
const CALM = ['succeed', 'not called'];

/** Branches, neighbours in the same calm state as one group. Also used by the graph. */
export function grouped(data, branches, from = FOLDED_FROM) {
  if (branches.length < from) return branches.map(branch => ({ items: [branch], folded: false }));
  return runs(branches, branch => {
    const states = branch.calls.map(call => `${call.op} ${standing(data, call)}`);
    return branch.calls.every(call => CALM.includes(standing(data, call))) ? states.join() : null;
  }, RUN_MIN);
}

/** Opens the group of the list that hides a call. */
export function openGroup(data, index, opened) {
  const group = grouped(data, byBranch(data))
    .find(({ items, folded }) => folded && items.some(branch => branch.calls.some(call => call.index === index)));
  if (group) opened.add(groupKey(data, group));
}

/** Groups keep it while they grow at their end. */
export const groupKey = (data, { items }) => `group ${items[0].id}`;

export const groupName = ({ items }) => `${items[0].id} … ${items.at(-1).id}`;

/**
 * @param opened keys of the expanded parts.
 * @param redraw renders the page again.
 * @param act retry(call) and resolve(call).
 */
export function calls(data, opened, redraw, act) {
  const line = call => item(data, call, opened, redraw, act);
  const branches = grouped(data, byBranch(data)).map(group => {
    const lines = () => group.items.flatMap(branch => branch.calls.map(line));
    if (!group.folded) return lines();
    const isOpen = opened.has(groupKey(data, group));
    return [groupItem(data, group, isOpen, opened, redraw), isOpen && lines()];
  });
  const all = [data.callback && line(data.callback), branches, data.notice && line(data.notice)].flat(Infinity)
    .filter(Boolean);
  if (all.length === 0) return empty('No branch is registered yet.');
  return [
    h('ul', { class: 'calls' }, all),
    data.calls_total > data.calls.length
      && h('p', { class: 'muted' }, `${data.calls_total - data.calls.length} more calls: see the raw JSON.`),
  ];
}

function groupItem(data, group, isOpen, opened, redraw) {
  const key = groupKey(data, group);
  return h('li', { class: 'group' }, h('div', { class: 'line' },
    h('button', {
      type: 'button',
      class: 'fold',
      'aria-expanded': String(isOpen),
      'data-key': key,
      onclick: () => {
        isOpen ? opened.delete(key) : opened.add(key);
        redraw();
      },
    }, h('span', { class: 'mono' }, groupName(group)), h('span', {}, `${group.items.length} branches`)),
    h('span', { class: 'states' }, group.items[0].calls.map(call => [
      h('span', { class: 'muted' }, `${call.op} `), badge(standing(data, call)), ' ']))));
}

const name = call => call.index === -1 ? 'query prepared' : call.index === -2 ? 'callback' : call.op;

function item(data, call, opened, redraw, act) {
  const key = `call ${call.index}`;
  const isOpen = opened.has(key);
  const waiting = waits(data, call);
  return h('li', { class: isOpen ? 'open' : '' },
    h('div', { class: 'line' },
      h('button', {
        type: 'button',
        class: 'fold',
        'aria-expanded': String(isOpen),
        'data-key': key,
        onclick: () => {
          isOpen ? opened.delete(key) : opened.add(key);
          redraw();
        },
      }, h('span', { class: 'mono' }, call.branch_id), h('span', {}, name(call))),
      badge(standing(data, call)),
      h('span', { class: 'mono url' }, call.url || h('span', { class: 'muted' }, 'no URL')),
      h('span', { class: 'muted tries' }, call.attempts > 0 && plural(call.attempts, 'attempt'), waiting && (call.parked ? ', put aside' : [', next ', ago(call.retry_at, data.now)])),
      waiting && h('span', { class: 'acts' },
        button('Retry', `Retry ${call.branch_id} ${call.op} now`, `retry ${call.index}`, () => act.retry(call)),
        call.index >= 0
          && button('Resolve', `Resolve ${call.branch_id} ${call.op}`, `resolve ${call.index}`, () => act.resolve(call)))),
    call.last_error && call.status !== 'succeed' && h('p', { class: 'error-text' }, call.last_error),
    isOpen && call.policy && h('p', { class: 'muted policy' }, `Own options: ${call.policy}`),
    isOpen && payload(call),
    isOpen && call.result && result(call));
}

const button = (text, label, key, onclick) => h('button', {
  type: 'button',
  'data-key': key,
  disabled: !mayChange(),
  title: mayChange() ? null : 'Requires the role admin',
  'aria-label': label,
  onclick,
}, text);

function result(call) {
  const kept = call.result;
  if (kept.omitted) return h('p', { class: 'muted' }, `The result is not kept: ${kept.omitted}.`);
  const text = kept.text ?? kept.binary;
  if (text === undefined) return h('p', { class: 'muted' }, 'The result is empty.');
  return h('div', { class: 'payload' },
    h('p', { class: 'muted line' },
      `Result, ${bytes(kept.bytes)}${kept.text === undefined ? ', binary, as base64' : ''}${kept.is_cut ? ', truncated' : ''}`,
      copyButton(text, 'Copy the result')),
    h('pre', { tabindex: '0', 'data-scroll': `result ${call.index}`, 'data-key': `result ${call.index}` }, kept.text === undefined ? text : pretty(text)));
}

function payload(call) {
  const text = call.payload ?? call.payload_binary;
  if (text === undefined) return h('p', { class: 'muted' }, call.payload_bytes > 0 ? `The payload (${bytes(call.payload_bytes)}) is in the raw JSON.` : 'No payload.');
  return h('div', { class: 'payload' },
    h('p', { class: 'muted line' },
      `Payload, ${bytes(call.payload_bytes)}${call.payload === undefined ? ', binary, as base64' : ''}${call.payload_is_cut ? ', truncated' : ''}`,
      copyButton(text, 'Copy the payload')),
    h('pre', { tabindex: '0', 'data-scroll': `payload ${call.index}`, 'data-key': `payload ${call.index}` }, call.payload === undefined ? text : pretty(text)));
}
