// The same operation on many transactions: what will be changed is counted first, then confirmed; a job then does it.
import { h, show } from './dom.js';
import { get, post } from './api.js';
import { count, plural } from './format.js';
import { ago, badge, confirm, failure, toast } from './widgets.js';
import { keepFresh } from './refresh.js';

/** More transactions than these need the number typed. */
const TYPED_ABOVE = 100;
const SHOWN = 5;
const SHOWN_FOR = 3600_000;

const exact = n => n.toLocaleString('en');

const OPERATIONS = {
  retry: { verb: 'Retry', effect: 'The calls that wait for a retry are made now.' },
  unpark: { verb: 'Unpark', effect: 'The calls that are put aside are made again.' },
  resolve: {
    verb: 'Resolve', danger: true,
    effect: 'The calls that wait for a retry or are put aside count as succeeded: their effect was applied by hand. '
      + 'They are not made again.',
  },
  force_stop: {
    verb: 'Force stop', danger: true,
    effect: 'The transactions end as failed at once, without compensation: effects of their branches remain. '
      + 'This cannot be undone.',
  },
};

/**
 * The buttons of the operations.
 * @param scope () => { gids } or { filter }, and text: what is selected; null: nothing is.
 * @param started called when a job was started.
 */
export function operations(scope, started) {
  const selected = scope();
  return Object.entries(OPERATIONS).map(([operation, { verb, danger }]) => h('button', {
    type: 'button',
    class: danger ? 'danger' : null,
    'data-key': `job ${operation}`,
    disabled: selected === null,
    onclick: () => order(operation, scope(), started),
  }, verb));
}

async function order(operation, { text, ...what }, started) {
  const { verb, effect, danger } = OPERATIONS[operation];
  const counting = counter({ operation, ...what });
  const reason = danger && h('input', { name: 'reason', required: true, maxlength: 256, autocomplete: 'off' });
  const typed = h('input', { name: 'typed', inputmode: 'numeric', autocomplete: 'off', spellcheck: 'false' });
  const typing = h('label', { hidden: true });
  const done = await confirm({
    title: `${verb} many?`,
    text: [
      h('p', {}, text),
      h('p', {}, effect),
      counting.place,
      reason && h('label', {}, 'Reason, for the audit log', reason),
      typing,
    ].filter(Boolean),
    verb,
    danger,
    allowed: () => counting.total > 0 && (!reason || reason.value.trim() !== '')
      && (counting.total <= TYPED_ABOVE || typed.value.trim() === String(counting.total)),
    opened: async recheck => {
      await counting.run();
      if (counting.total > TYPED_ABOVE) {
        typing.replaceChildren(`More than ${TYPED_ABOVE}: type ${counting.total} to confirm`, typed);
        typing.hidden = false;
      }
      recheck();
    },
    // No more than were counted and confirmed, although more may match by now.
    run: () => post('batch', { operation, ...what, limit: counting.total, reason: reason ? reason.value.trim() : '' }),
  });
  counting.stop();
  if (done) {
    toast(`${verb}: the job for ${plural(counting.total, 'transaction')} is started.`);
    started();
  }
}

/** Counts by a dry run. */
function counter(what) {
  const place = h('div', { role: 'status' }, h('p', { class: 'muted' }, 'Counting…'));
  let id = null;
  let isOver = false;
  const counting = { place, total: 0, run, stop };

  async function run() {
    try {
      let job = await post('batch', { ...what, dry_run: true, limit: 1_000_000 });
      id = job.id;
      while (job.status === 'running' && !isOver) {
        show(place, h('p', { class: 'muted' }, `Counting… ${count(job.matched)}`));
        await new Promise(resolve => { setTimeout(resolve, 300); });
        job = await get('batch', { id });
      }
      if (isOver) return;
      id = null;
      if (job.status !== 'done') throw new Error(job.last_error ?? `the count is ${job.status}`);
      counting.total = job.matched;
      show(place,
        h('p', {},
          h('strong', {}, `${exact(job.matched)} unfinished ${job.matched === 1 ? 'transaction' : 'transactions'}`),
          job.matched === 0 ? ': nothing to do.' : ':'),
        h('ul', { class: 'mono' },
          job.sample.slice(0, SHOWN).map(gid => h('li', {}, gid)),
          job.matched > SHOWN && h('li', {}, `and ${exact(job.matched - SHOWN)} more`)));
    } catch (e) {
      if (!isOver) show(place, failure(e));
    }
  }

  function stop() {
    isOver = true;
    if (id !== null) post('batch-stop', { id }).catch(() => {}); // It may have ended meanwhile.
  }

  return counting;
}

/** The latest jobs with their progress; nothing if there were none in the last hour. */
export function jobs(place, signal) {
  let isBusy = true;
  const fresh = keepFresh(
    async s => (await get('batches', {}, s)).batches.filter(job => !job.dry_run),
    (all, error) => {
      if (error || all === null) return true; // The list shows what is wrong.
      const isRecent = job => job.status === 'running' || Date.now() - new Date(job.update_time) < SHOWN_FOR;
      const shown = all.filter(isRecent).slice(0, SHOWN);
      isBusy = shown.some(job => job.status === 'running');
      place.hidden = shown.length === 0;
      show(place, h('h2', {}, 'Jobs'), h('ul', { class: 'jobs' }, shown.map(job => row(job, fresh))));
      return true;
    },
    () => isBusy ? 1000 : 15_000,
    signal);
  return fresh;
}

function row(job, fresh) {
  const { verb = job.operation } = OPERATIONS[job.operation] ?? {};
  const finished = job.succeeded + job.rejected + job.failed;
  const what = job.gids ? plural(job.gids.length, 'selected transaction')
    : Object.entries(job.filter).map(([name, value]) => `${name}=${value}`).join(' ');
  return h('li', {},
    h('div', { class: 'line' },
      h('strong', {}, verb),
      badge(job.status === 'running' ? 'calling' : job.status === 'done' ? 'done' : 'failed', job.status),
      h('span', { class: 'mono what-job' }, what),
      h('span', { class: 'muted' }, job.by, ' ', ago(job.create_time, new Date())),
      job.status === 'running' && h('button', {
        type: 'button',
        'data-key': `stop ${job.id}`,
        'aria-label': `Stop the job ${job.id}`,
        onclick: () => stop(job, fresh),
      }, 'Stop')),
    h('progress', {
      'aria-label': `${verb} ${what}`,
      max: job.limit,
      value: job.status === 'done' ? job.limit : finished,
    }),
    h('p', { class: 'muted' },
      `${exact(job.succeeded)} changed`,
      job.rejected > 0 && `, ${exact(job.rejected)} refused`,
      job.failed > 0 && `, ${exact(job.failed)} without an answer`,
      job.status === 'running' && ` of at most ${exact(job.limit)}`,
      job.last_error && `; last: ${job.last_error}`));
}

async function stop(job, fresh) {
  try {
    await post('batch-stop', { id: job.id });
    toast('The job is stopped. What it has done stays done.');
  } catch (e) {
    toast(e.message, true);
  }
  await fresh.look();
}
