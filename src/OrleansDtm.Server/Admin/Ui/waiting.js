// Why a transaction has not ended, as one sentence, and what an operator can do. The server decides the reason.
import { h } from './dom.js';
import { link } from './filters.js';
import { duration } from './format.js';
import { parts, t } from './i18n.js';
import { ago, time } from './widgets.js';

const code = text => h('strong', { class: 'mono' }, text);

/** @param data the transaction, not final. */
export function waiting(data) {
  const waits = data.waiting;
  if (!waits) return null;
  const urgent = ['retry', 'parked', 'silo'].includes(waits.reason);
  const what = todo(waits);
  return h('section', { class: `banner why ${urgent ? 'warn' : 'calm'}`, 'aria-label': t('waiting.title') },
    h('p', { class: 'sentence' },
      data.status === 'aborting' && t('waiting.aborting'), sentence(data, waits), t('waiting.end')),
    waits.last_error && waits.reason !== 'ongoing'
      && h('p', { class: 'error-text' }, h('span', { class: 'muted' }, t('waiting.lastError')), waits.last_error),
    what && h('p', {}, what),
    waits.service && urgent && h('p', {}, h('a', {
      href: link({ host: waits.service, status: data.status }), 'data-key': 'same service',
    }, t('waiting.sameService', { status: data.status, service: waits.service }))));
}

function sentence(data, waits) {
  const call = parts('waiting.call', { branch: code(waits.branch_id), op: waits.op, service: code(waits.service) });
  const since = waits.since ? span(data, waits) : {};
  const from = !waits.since ? ''
    : waits.since_earlier ? parts('waiting.sinceBefore', since) : parts('waiting.since', since);
  const about = { call, from, n: waits.attempts ?? 0 };
  const until = waits.until && ago(waits.until);
  const next = until ? parts('waiting.next', { time: until }) : '';
  const others = waits.others > 0 ? t('waiting.others', { n: waits.others }) : '';
  switch (waits.reason) {
    case 'silo': return parts('waiting.silo', since);
    case 'parked': return [parts('waiting.parked', about), others];
    case 'orphan': return [parts('waiting.orphan', about), next, others];
    case 'retry': return [parts('waiting.retry', about), next, others];
    case 'ongoing': return [parts('waiting.ongoing', about), next, others];
    case 'answer': return parts('waiting.answer', {
      ...since, call, timeout: duration(data.options.request_timeout * 1000),
    });
    case 'submit': return submitter(data.type, until || t('waiting.later'));
    case 'delay': return parts('waiting.delay', { time: until });
    default: return until ? parts('waiting.looks', { time: until }) : t('waiting.submitter');
  }
}

function submitter(type, until) {
  switch (type) {
    case 'msg': return parts('waiting.msg', { time: until });
    case 'workflow': return parts('waiting.workflow', { time: until });
    default: return parts('waiting.abort', { time: until });
  }
}

const span = (data, waits) => ({
  since: time(waits.since),
  duration: duration(new Date(data.now) - new Date(waits.since)),
});

/** One sentence about the actions; null = there is nothing to do. */
function todo(waits) {
  const resolve = waits.branch_id === '00' ? '' : t('waiting.doResolve');
  switch (waits.reason) {
    case 'silo': return t('waiting.doCheck');
    case 'parked': return t('waiting.doRepair') + resolve + t('waiting.doStop');
    case 'retry': return t('waiting.doWait') + resolve + t('waiting.doStop');
    case 'submit': return t('waiting.doNothing');
    default: return null;
  }
}
