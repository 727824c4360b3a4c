// Why a transaction has not ended, as one sentence, and what an operator can do. The server decides the reason.
import { h } from './dom.js';
import { duration, plural } from './format.js';
import { ago, time } from './widgets.js';

const code = text => h('strong', { class: 'mono' }, text);

/** @param data the transaction, not final. */
export function waiting(data) {
  const waits = data.waiting;
  if (!waits) return null;
  const urgent = ['retry', 'parked', 'silo'].includes(waits.reason);
  const what = todo(data, waits);
  return h('section', { class: `banner why ${urgent ? 'warn' : 'calm'}`, 'aria-label': 'Why it is waiting' },
    h('p', { class: 'sentence' }, data.status === 'aborting' && 'Rolling back: ', sentence(data, waits), '.'),
    waits.last_error && waits.reason !== 'ongoing'
      && h('p', { class: 'error-text' }, h('span', { class: 'muted' }, 'Last error: '), waits.last_error),
    what && h('p', {}, what),
    waits.service && urgent && h('p', {}, h('a', {
      href: `#/transactions?${new URLSearchParams({ host: waits.service, status: data.status })}`, 'data-key': 'same service',
    }, `All ${data.status} transactions with a call to ${waits.service}`)));
}

function sentence(data, waits) {
  const call = [code(waits.branch_id), ` ${waits.op} of `, code(waits.service)];
  const tries = plural(waits.attempts ?? 0, 'attempt');
  const next = waits.until ? [h('span', {}, '; next attempt '), ago(waits.until, data.now)] : '';
  const others = waits.others > 0
    ? `; ${plural(waits.others, 'other call')} ${waits.others === 1 ? 'waits' : 'wait'} too`
    : '';
  switch (waits.reason) {
    case 'silo': return ['It has been due since ', since(data, waits), ' and no silo has worked on it'];
    case 'parked': return [...call, ` is put aside after ${tries} without success`, from(data, waits),
      ': it is called again only if an operator asks for it', others];
    case 'orphan': return [...call, ' waits until a call of a silo that ended cannot arrive any more', next, others];
    case 'retry': return [...call, ` did not succeed in ${tries}`, from(data, waits), next, others];
    case 'ongoing': return [...call, ` is still at work (ONGOING) after ${tries}`, from(data, waits), next, others];
    case 'answer': return ['It waits for the answer of ', ...call, ', called ', since(data, waits),
      `; the timeout is ${duration(data.options.request_timeout * 1000)}`];
    case 'submit': return [submitter(data.type), ' ', waits.until ? ago(waits.until, data.now) : 'later'];
    case 'delay': return ['Its delay ends ', ago(waits.until, data.now)];
    default: return waits.until ? ['The coordinator looks at it again ', ago(waits.until, data.now)] : 'It waits for its submitter';
  }
}

const submitter = type => type === 'msg' ? 'It waits for its submit; query_prepared is called'
  : type === 'workflow' ? 'It waits for the end of its code; query_prepared is called'
    : 'It waits for its submit or abort, and is rolled back';

const since = (data, waits) => [time(waits.since), ` (${duration(new Date(data.now) - new Date(waits.since))})`];

const from = (data, waits) => waits.since
  ? [waits.since_earlier ? ' since before ' : ' since ', ...since(data, waits)]
  : '';

/** One sentence about the actions; null = there is nothing to do. */
function todo(data, waits) {
  const resolve = waits.branch_id === '00' ? '' : 'Resolve it if its effect was applied by hand. ';
  const stop = 'Force stop ends it without compensation.';
  switch (waits.reason) {
    case 'silo': return 'Check /health/ready and the log of the silos. Retry now asks the silo that owns it.';
    case 'parked': return `Repair the service, then retry the call. ${resolve}${stop}`;
    case 'retry': return `It goes on by itself when the service succeeds; retry it now after a repair. ${resolve}${stop}`;
    case 'submit': return 'Nothing needs to be done. If the submitter is gone, the coordinator decides at that time.';
    default: return null;
  }
}
