// The calls of a transaction, each with its payload and a retry button.
import { h } from './dom.js';
import { mayChange } from './api.js';
import { bytes, pretty } from './format.js';
import { parts, t } from './i18n.js';
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
  if (all.length === 0) return empty(t('call.none'));
  return [
    h('ul', { class: 'calls' }, all),
    data.calls_total > data.calls.length
      && h('p', { class: 'muted' }, t('call.more', { n: data.calls_total - data.calls.length })),
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
    }, h('span', { class: 'mono' }, groupName(group)), h('span', {}, t('call.branches', { n: group.items.length }))),
    h('span', { class: 'states' }, group.items[0].calls.map(call => [
      h('span', { class: 'muted' }, `${call.op} `), badge(standing(data, call)), ' ']))));
}

const name = call => call.index === -1 ? t('call.queryPrepared') : call.index === -2 ? t('call.callback') : call.op;

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
      h('span', { class: 'mono url' }, call.url || h('span', { class: 'muted' }, t('call.noUrl'))),
      h('span', { class: 'muted tries' }, call.attempts > 0 && t('call.attempts', { n: call.attempts }), waiting && (call.parked ? t('call.aside') : parts('call.next', { time: ago(call.retry_at, data.now) }))),
      waiting && h('span', { class: 'acts' },
        button(t('call.retry'), t('call.retryLabel', { branch: call.branch_id, op: call.op }), `retry ${call.index}`, () => act.retry(call)),
        call.index >= 0
          && button(t('call.resolve'), t('call.resolveLabel', { branch: call.branch_id, op: call.op }), `resolve ${call.index}`, () => act.resolve(call)))),
    call.last_error && call.status !== 'succeed' && h('p', { class: 'error-text' }, call.last_error),
    isOpen && call.policy && h('p', { class: 'muted policy' }, t('call.policy', { policy: call.policy })),
    isOpen && payload(call),
    isOpen && call.result && result(call));
}

const button = (text, label, key, onclick) => h('button', {
  type: 'button',
  'data-key': key,
  disabled: !mayChange(),
  title: mayChange() ? null : t('role.needed'),
  'aria-label': label,
  onclick,
}, text);

function result(call) {
  const kept = call.result;
  if (kept.omitted) return h('p', { class: 'muted' }, t('call.noResult', { reason: kept.omitted }));
  const text = kept.text ?? kept.binary;
  if (text === undefined) return h('p', { class: 'muted' }, t('call.emptyResult'));
  return h('div', { class: 'payload' },
    h('p', { class: 'muted line' },
      t('call.result', { size: bytes(kept.bytes) }), kept.text === undefined && t('call.binary'), kept.is_cut && t('call.cut'),
      copyButton(text, t('copy.result'))),
    h('pre', { tabindex: '0', 'data-scroll': `result ${call.index}`, 'data-key': `result ${call.index}` }, kept.text === undefined ? text : pretty(text)));
}

function payload(call) {
  const text = call.payload ?? call.payload_binary;
  if (text === undefined) return h('p', { class: 'muted' }, call.payload_bytes > 0 ? t('call.payloadRaw', { size: bytes(call.payload_bytes) }) : t('call.noPayload'));
  return h('div', { class: 'payload' },
    h('p', { class: 'muted line' },
      t('call.payload', { size: bytes(call.payload_bytes) }), call.payload === undefined && t('call.binary'), call.payload_is_cut && t('call.cut'),
      copyButton(text, t('copy.payload'))),
    h('pre', { tabindex: '0', 'data-scroll': `payload ${call.index}`, 'data-key': `payload ${call.index}` }, call.payload === undefined ? text : pretty(text)));
}
