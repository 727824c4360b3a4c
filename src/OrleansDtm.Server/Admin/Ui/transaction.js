// One transaction: status, calls, attempts in time order, and actions.
import { h, show } from './dom.js';
import { get, mayChange, post, watch } from './api.js';
import { parts, t } from './i18n.js';
import { badge, confirm, copy, copyButton, failure, toast } from './widgets.js';
import { facts } from './facts.js';
import { graph } from './graph.js';
import { calls, openGroup, waits } from './calls.js';
import { timeline } from './timeline.js';
import { keepFresh } from './refresh.js';
import { auditOf } from './audit.js';
import { waiting } from './waiting.js';
import { curl } from './curl.js';

export const section = 'transactions';
export const title = parameters => parameters.get('gid') ?? t('transaction.title');

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
        show(place, h('h1', {}, t('transaction.none')), h('p', {}, parts('transaction.noneText', { gid: h('code', { class: 'mono' }, gid) })));
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
    h('section', { class: 'card' }, h('h2', {}, t('transaction.steps')), graph(data, place.clientWidth, opened, redraw, reveal)),
    h('section', { class: 'card' }, h('h2', {}, t('transaction.calls')), calls(data, opened, redraw, {
      retry: call => retry(data, call),
      resolve: call => resolve(data, call),
    })),
    h('section', { class: 'card' }, h('h2', {}, t('transaction.attempts')), timeline(data, opened, redraw)),
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
    const why = allowed ? null : t('role.needed');
    const pending = [...data.calls, data.callback].filter(call => call && waits(data, call));
    return h('div', { class: 'heading' },
      h('div', { class: 'what' },
        h('h1', { class: 'gid' }, h('span', { class: 'mono' }, data.gid), copyButton(data.gid, t('common.copyGid'))),
        h('p', {}, badge(data.status), ' ', data.parked && [badge('parked', t('call.parked')), ' '],
          data.namespace && [h('span', { class: 'badge', title: t('transaction.namespace') }, data.namespace), ' '],
          h('span', { class: 'muted' }, t('transaction.over', { type: data.type, protocol: data.protocol })))),
      h('div', { class: 'buttons' },
        h('button', { type: 'button', 'data-key': 'curl', onclick: () => copyCurl(data) }, t('transaction.curl')),
        !data.is_final && [
          h('button', {
            type: 'button',
            'data-key': 'retry now',
            disabled: !allowed || pending.length === 0,
            title: why ?? (pending.length === 0 ? t('transaction.noRetry') : null),
            onclick: () => retryAll(last, pending),
          }, t('transaction.retryNow')),
          h('button', {
            type: 'button',
            class: 'danger',
            'data-key': 'force stop',
            disabled: !allowed,
            title: why,
            onclick: () => stop(last),
          }, t('transaction.stop')),
        ]));
  }

  async function copyCurl(data) {
    try {
      const { requests, problem } = await get('submit', { gid: data.gid }, signal);
      if (problem) {
        toast(t('transaction.noCurl', { problem }), true);
        return;
      }
      await copy(curl(requests));
      const isMasked = requests.some(({ body }) => body.includes('***'));
      toast(t(isMasked ? 'transaction.copiedMasked' : 'transaction.copied'));
    } catch (e) {
      if (e.name !== 'AbortError') toast(t('transaction.notCopied', { problem: e.message }), true);
    }
  }

  async function act(question, done) {
    if (await confirm(question)) {
      toast(done);
      await fresh.look();
    }
  }

  const stop = data => act({
    title: t('stop.title'),
    text: [
      h('p', { class: 'mono gid-line' }, data.gid),
      h('p', {}, t('stop.text', { type: data.type })),
      h('p', {}, t('stop.final')),
    ],
    verb: t('transaction.stop'),
    danger: true,
    run: () => post('force-stop', { gid: data.gid }),
  }, t('stop.done', { gid: data.gid }));

  const retryAll = (data, waiting) => act({
    title: t('retryAll.title'),
    text: [
      h('p', { class: 'mono gid-line' }, data.gid),
      h('p', {}, t('retryAll.text', { n: waiting.length })),
      h('ul', {}, waiting.slice(0, 10).map(call => h('li', {}, `${call.branch_id} ${call.op} `, h('span', { class: 'mono muted' }, call.url))),
        waiting.length > 10 && h('li', {}, t('retryAll.more', { n: waiting.length - 10 }))),
    ],
    verb: t('call.retry'),
    run: () => post('retry', { gid: data.gid }),
  }, t('retryAll.done', { gid: data.gid }));

  const retry = (data, call) => act({
    title: t('retry.title'),
    text: [
      h('p', { class: 'mono gid-line' }, data.gid),
      h('p', {}, t('retry.text', { op: call.op, branch: call.branch_id })),
      h('p', { class: 'mono' }, call.url),
    ],
    verb: t('call.retry'),
    run: () => post('retry-branch', { gid: data.gid, branch_id: call.branch_id, op: call.op }),
  }, t('retry.done', { op: call.op, branch: call.branch_id }));

  const resolve = (data, call) => act({
    title: t('resolve.title'),
    text: [
      h('p', { class: 'mono gid-line' }, data.gid),
      h('p', {}, t('resolve.text', { op: call.op, branch: call.branch_id })),
      h('p', { class: 'mono' }, call.url),
      h('label', {}, t('resolve.reason'), h('input', { name: 'reason', required: true, maxlength: 256, autocomplete: 'off' })),
      h('p', {}, t('resolve.kept')),
    ],
    verb: t('call.resolve'),
    danger: true,
    run: ({ reason }) => post('resolve-branch', { gid: data.gid, branch_id: call.branch_id, op: call.op, reason }),
  }, t('resolve.done', { op: call.op, branch: call.branch_id }));

  function more(data) {
    const text = h('pre', { tabindex: '0', 'data-scroll': 'raw', 'data-key': 'raw text' }, raw ?? t('common.loading'));
    const load = async () => {
      try {
        raw = JSON.stringify(await get('query', { gid: data.gid }, signal), null, 2);
        text.textContent = raw;
      } catch (e) {
        if (e.name !== 'AbortError') text.textContent = t('transaction.notAvailable', { problem: e.message });
      }
    };
    if (opened.has('raw')) load();
    return fold('raw', 'card', h('h2', {}, t('transaction.raw'), ' ', h('small', {}, t('transaction.rawOf'))), text, load);
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
