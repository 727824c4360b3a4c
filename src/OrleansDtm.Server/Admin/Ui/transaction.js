// One transaction: status, calls, attempts in time order, and actions.
import { h, show } from './dom.js';
import { get, mayChange, post, watch } from './api.js';
import { count, duration, plural, pretty, seconds } from './format.js';
import { ago, badge, confirm, copy, copyButton, failure, time, toast } from './widgets.js';
import { graph } from './graph.js';
import { calls, openGroup, waits } from './calls.js';
import { timeline } from './timeline.js';
import { keepFresh } from './refresh.js';
import { auditOf } from './audit.js';
import { waiting } from './waiting.js';
import { curl } from './curl.js';

export const section = 'transactions';
export const title = parameters => parameters.get('gid') ?? 'Transaction';

const EVERY = 5000;

export async function open(place, parameters, signal, refused) {
  const gid = parameters.get('gid') ?? '';
  const opened = new Set(); // Expanded parts stay expanded after a refresh.
  let raw = null;
  const audit = auditOf(gid, signal);
  const fresh = keepFresh(
    s => get('transaction', { gid }, s),
    (data, error) => {
      if (error && refused(error)) return false;
      if (error?.status === 404 && data === null) {
        show(place, h('h1', {}, 'No such transaction'), h('p', {}, 'There is no transaction with the gid ', h('code', { class: 'mono' }, gid),
          '. Finished transactions are deleted after Store:Retention.'));
        return false;
      }
      show(place, error && failure(error, () => fresh.look()), data && content(data));
      return !data?.is_final || data.notice?.status === 'prepared' || error !== null;
    },
    EVERY,
    signal);

  const content = data => [
    header(data),
    waiting(data),
    facts(data, fold),
    h('section', { class: 'card' }, h('h2', {}, 'Steps'), graph(data, place.clientWidth, opened, redraw, reveal)),
    h('section', { class: 'card' }, h('h2', {}, 'Branch calls'), calls(data, opened, redraw, {
      retry: call => retry(data, call),
      resolve: call => resolve(data, call),
    })),
    h('section', { class: 'card' }, h('h2', {}, 'Attempts'), timeline(data, opened, redraw)),
    mayChange() && audit(opened, fold),
    more(data),
  ];

  let last = null;
  const redraw = () => fresh.redraw();

  function reveal(index) {
    openGroup(last, index, opened);
    opened.add(`call ${index}`);
    redraw();
    const button = place.querySelector(`[data-key="call ${index}"]`);
    button?.scrollIntoView({ block: 'center' });
    button?.focus({ preventScroll: true });
  }

  function header(data) {
    last = data;
    const allowed = mayChange();
    const why = allowed ? null : 'Requires the role admin';
    const pending = [...data.calls, data.callback].filter(call => call && waits(data, call));
    return h('div', { class: 'heading' },
      h('div', { class: 'what' },
        h('h1', { class: 'gid' }, h('span', { class: 'mono' }, data.gid), copyButton(data.gid, 'Copy the gid')),
        h('p', {}, badge(data.status), ' ', data.parked && [badge('parked', 'put aside'), ' '],
          data.namespace && [h('span', { class: 'badge', title: 'Namespace' }, data.namespace), ' '],
          h('span', { class: 'muted' }, `${data.type} over ${data.protocol}`))),
      h('div', { class: 'buttons' },
        h('button', { type: 'button', 'data-key': 'curl', onclick: () => copyCurl(data) }, 'Copy as curl'),
        !data.is_final && [
          h('button', {
            type: 'button',
            'data-key': 'retry now',
            disabled: !allowed || pending.length === 0,
            title: why ?? (pending.length === 0 ? 'No call waits for a retry' : null),
            onclick: () => retryAll(last, pending),
          }, 'Retry now'),
          h('button', {
            type: 'button',
            class: 'danger',
            'data-key': 'force stop',
            disabled: !allowed,
            title: why,
            onclick: () => stop(last),
          }, 'Force stop'),
        ]));
  }

  async function copyCurl(data) {
    try {
      const { requests, problem } = await get('submit', { gid: data.gid }, signal);
      if (problem) {
        toast(`There is no command: ${problem}`, true);
        return;
      }
      await copy(curl(requests));
      const isMasked = requests.some(({ body }) => body.includes('***'));
      toast(`Copied. Change the gid in it to submit it once more.${isMasked ? ' Secrets are ***: put them in.' : ''}`);
    } catch (e) {
      if (e.name !== 'AbortError') toast(`Not copied: ${e.message}`, true);
    }
  }

  async function act(question, done) {
    if (await confirm(question)) {
      toast(done);
      await fresh.look();
    }
  }

  const stop = data => act({
    title: 'Force stop?',
    text: [
      h('p', { class: 'mono gid-line' }, data.gid),
      h('p', {}, `This ${data.type} ends as failed at once, without compensation: effects of its branches remain. Calls in flight are not awaited.`),
      h('p', {}, 'This cannot be undone.'),
    ],
    verb: 'Force stop',
    danger: true,
    run: () => post('force-stop', { gid: data.gid }),
  }, `${data.gid} was stopped.`);

  const retryAll = (data, waiting) => act({
    title: 'Retry now?',
    text: [
      h('p', { class: 'mono gid-line' }, data.gid),
      h('p', {}, `${plural(waiting.length, 'pending call')} will be made now:`),
      h('ul', {}, waiting.slice(0, 10).map(call => h('li', {}, `${call.branch_id} ${call.op} `, h('span', { class: 'mono muted' }, call.url))),
        waiting.length > 10 && h('li', {}, `and ${waiting.length - 10} more`)),
    ],
    verb: 'Retry',
    run: () => post('retry', { gid: data.gid }),
  }, `The pending calls of ${data.gid} are made now.`);

  const retry = (data, call) => act({
    title: 'Retry this call?',
    text: [
      h('p', { class: 'mono gid-line' }, data.gid),
      h('p', {}, `The ${call.op} of branch ${call.branch_id} will be called now. Other calls keep waiting:`),
      h('p', { class: 'mono' }, call.url),
    ],
    verb: 'Retry',
    run: () => post('retry-branch', { gid: data.gid, branch_id: call.branch_id, op: call.op }),
  }, `Branch ${call.branch_id} ${call.op} is called now.`);

  const resolve = (data, call) => act({
    title: 'Resolve this call?',
    text: [
      h('p', { class: 'mono gid-line' }, data.gid),
      h('p', {}, `The ${call.op} of branch ${call.branch_id} counts as succeeded without a call. `
        + 'Do this only if its effect was applied by hand, or is not wanted:'),
      h('p', { class: 'mono' }, call.url),
      h('label', {}, 'Reason', h('input', { name: 'reason', required: true, maxlength: 256, autocomplete: 'off' })),
      h('p', {}, 'The history of the call and the audit log keep the reason. This cannot be undone.'),
    ],
    verb: 'Resolve',
    danger: true,
    run: ({ reason }) => post('resolve-branch', { gid: data.gid, branch_id: call.branch_id, op: call.op, reason }),
  }, `Branch ${call.branch_id} ${call.op} is resolved.`);

  function more(data) {
    const text = h('pre', { tabindex: '0', 'data-scroll': 'raw', 'data-key': 'raw text' }, raw ?? 'Loading…');
    const load = async () => {
      try {
        raw = JSON.stringify(await get('query', { gid: data.gid }, signal), null, 2);
        text.textContent = raw;
      } catch (e) {
        if (e.name !== 'AbortError') text.textContent = `Not available: ${e.message}`;
      }
    };
    if (opened.has('raw')) load();
    return fold('raw', 'card', h('h2', {}, 'Raw JSON ', h('small', {}, 'of /api/dtmsvr/query')), text, load);
  }

  /** A part that can be expanded and stays expanded after a refresh. */
  function fold(key, kind, summary, content, unfolded = () => {}) {
    return h('details', {
      class: kind,
      open: opened.has(key),
      ontoggle: event => {
        const isOpen = event.target.open;
        if (isOpen === opened.has(key)) return;
        isOpen ? opened.add(key) : opened.delete(key);
        if (isOpen) unfolded();
      },
    }, h('summary', { 'data-key': key }, summary), content);
  }

  watch({ gid }, () => fresh.look(), signal); // Attempts are no change of the status: they are polled.
  await fresh.first;
}

function facts(data, fold) {
  const o = data.options;
  const fact = (name, ...value) => h('div', {}, h('dt', {}, name), h('dd', {}, ...value));
  const took = data.finished && new Date(data.finished) - new Date(data.created);
  return h('section', { class: 'card' },
    data.reason && h('p', { class: `banner ${data.status === 'failed' ? 'bad' : 'warn'}` }, h('strong', {}, 'Rollback reason: '), data.reason),
    h('dl', { class: 'facts' },
      fact('Created', time(data.created)),
      data.finished ? fact('Finished', time(data.finished), ' ', h('span', { class: 'muted' }, `after ${duration(took)}`)) : fact('Last change', time(data.updated)),
      !data.is_final && fact('Next', data.due ? ago(data.due, data.now) : data.parked ? 'put aside: waits for an operator' : 'waits for its submitter'),
      Object.keys(data.tags).length > 0 && fact('Tags', Object.entries(data.tags).flatMap(([key, value]) => [
        h('a', { class: 'mono', href: `#/transactions?${new URLSearchParams({ tag: `${key}:${value}` })}`, 'data-key': `tag ${key}` }, `${key}:${value}`), ' '])),
      fact('Retries', `${seconds(o.retry_interval)}, doubling to ${seconds(o.retry_interval_max)}`),
      o.retry_limit > 0 && fact('Retry limit', `${data.retry_count} of ${o.retry_limit} used`),
      o.results && fact('Results', 'kept'),
      (o.give_up_after > 0 || o.give_up_after_seconds > 0) && fact('Put aside after', [o.give_up_after > 0 && plural(o.give_up_after, 'error'), o.give_up_after_seconds > 0 && seconds(o.give_up_after_seconds)].filter(Boolean).join(' or ')),
      fact('Request timeout', seconds(o.request_timeout)),
      o.timeout_to_fail > 0 && fact('Timeout to fail', seconds(o.timeout_to_fail)),
      o.delay > 0 && fact('Delay', seconds(o.delay)),
      o.concurrent && fact('Branches', 'concurrent'),
      o.wait_result && fact('Submitter', 'waits for the result'),
      o.query_prepared && fact('Query prepared', h('span', { class: 'mono' }, o.query_prepared)),
      o.notice_url && fact('Callback URL', h('span', { class: 'mono' }, o.notice_url)),
      o.branch_headers.length > 0 && fact('Branch headers', h('span', { class: 'mono' }, o.branch_headers.join(', '))),
      data.trace_id && fact('Trace',
        data.trace_url
          ? h('a', { class: 'mono', href: data.trace_url, target: '_blank', rel: 'noopener noreferrer', 'data-key': 'trace' }, data.trace_id)
          : h('span', { class: 'mono' }, data.trace_id),
        ' ', copyButton(data.trace_id, 'Copy the trace id')),
      fact('Writes', count(data.version))),
    data.result && [h('h3', {}, 'Result'), h('pre', { tabindex: '0', 'data-key': 'result', 'data-scroll': 'result' }, pretty(data.result))],
    data.custom_data && fold('custom data', '', 'Custom data', h('pre', { tabindex: '0', 'data-key': 'custom text', 'data-scroll': 'custom' }, pretty(data.custom_data))));
}
