// The same operation on many transactions: what will be changed is counted first, then confirmed; a job then does it.
import { h, show } from './dom.js';
import { get, post } from './api.js';
import { t } from './i18n.js';
import { count } from './format.js';
import { ago, badge, confirm, failure, toast } from './widgets.js';
import { keepFresh } from './refresh.js';

/** More transactions than these need the number typed. */
const TYPED_ABOVE = 100;
const SHOWN = 5;
const SHOWN_FOR = 3600_000;

const exact = n => n.toLocaleString('en');

const OPERATIONS = {
  retry: {},
  unpark: {},
  resolve: { danger: true },
  force_stop: { danger: true },
};

const verbOf = operation => Object.hasOwn(OPERATIONS, operation) ? t(`job.${operation}`) : operation;

/**
 * The buttons of the operations.
 * @param scope () => { gids } or { filter }, and text: what is selected; null: nothing is.
 * @param started called when a job was started.
 */
export function operations(scope, started) {
  const selected = scope();
  return Object.entries(OPERATIONS).map(([operation, { danger }]) => h('button', {
    type: 'button',
    class: danger ? 'danger' : null,
    'data-key': `job ${operation}`,
    disabled: selected === null,
    onclick: () => order(operation, scope(), started),
  }, verbOf(operation)));
}

async function order(operation, { text, ...what }, started) {
  const { danger } = OPERATIONS[operation];
  const verb = verbOf(operation);
  const counting = counter({ operation, ...what });
  const reason = danger && h('input', { name: 'reason', required: true, maxlength: 256, autocomplete: 'off' });
  const typed = h('input', { name: 'typed', inputmode: 'numeric', autocomplete: 'off', spellcheck: 'false' });
  const typing = h('label', { hidden: true });
  const done = await confirm({
    title: t('job.many', { verb }),
    text: [
      h('p', {}, text),
      h('p', {}, t(`job.effect.${operation}`)),
      counting.place,
      reason && h('label', {}, t('job.reason'), reason),
      typing,
    ].filter(Boolean),
    verb,
    danger,
    allowed: () => counting.total > 0 && (!reason || reason.value.trim() !== '')
      && (counting.total <= TYPED_ABOVE || typed.value.trim() === String(counting.total)),
    opened: async recheck => {
      await counting.run();
      if (counting.total > TYPED_ABOVE) {
        typing.replaceChildren(t('job.type', { above: TYPED_ABOVE, total: counting.total }), typed);
        typing.hidden = false;
      }
      recheck();
    },
    // No more than were counted and confirmed, although more may match by now.
    run: () => post('batch', { operation, ...what, limit: counting.total, reason: reason ? reason.value.trim() : '' }),
  });
  counting.stop();
  if (done) {
    toast(t('job.started', { verb, n: counting.total }));
    started();
  }
}

/** Counts by a dry run. */
function counter(what) {
  const place = h('div', { role: 'status' }, h('p', { class: 'muted' }, t('job.counting', { n: '' })));
  let id = null;
  let isOver = false;
  const counting = { place, total: 0, run, stop };

  async function run() {
    try {
      let job = await post('batch', { ...what, dry_run: true, limit: 1_000_000 });
      id = job.id;
      while (job.status === 'running' && !isOver) {
        show(place, h('p', { class: 'muted' }, t('job.counting', { n: job.matched })));
        await new Promise(resolve => { setTimeout(resolve, 300); });
        job = await get('batch', { id });
      }
      if (isOver) return;
      id = null;
      if (job.status !== 'done') throw new Error(job.last_error ?? t('job.countEnded', { status: job.status }));
      counting.total = job.matched;
      show(place,
        h('p', {},
          h('strong', {}, t('job.matched', { n: job.matched, exact: exact(job.matched) })),
          job.matched === 0 ? t('job.nothing') : ':'),
        h('ul', { class: 'mono' },
          job.sample.slice(0, SHOWN).map(gid => h('li', {}, gid)),
          job.matched > SHOWN && h('li', {}, t('job.more', { n: exact(job.matched - SHOWN) }))));
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
      show(place, h('h2', {}, t('job.title')), h('ul', { class: 'jobs' }, shown.map(job => row(job, fresh))));
      return true;
    },
    () => isBusy ? 1000 : 15_000,
    signal);
  return fresh;
}

function row(job, fresh) {
  const verb = verbOf(job.operation);
  const finished = job.succeeded + job.rejected + job.failed;
  const what = job.gids ? t('list.chosenSome', { n: job.gids.length })
    : Object.entries(job.filter).map(([name, value]) => `${name}=${value}`).join(' ');
  return h('li', {},
    h('div', { class: 'line' },
      h('strong', {}, verb),
      badge(job.status === 'running' ? 'calling' : job.status === 'done' ? 'done' : 'failed', t(`job.is.${job.status}`)),
      h('span', { class: 'mono what-job' }, what),
      h('span', { class: 'muted' }, job.by, ' ', ago(job.create_time)),
      job.status === 'running' && h('button', {
        type: 'button',
        'data-key': `stop ${job.id}`,
        'aria-label': t('job.stopOne', { id: job.id }),
        onclick: () => stop(job, fresh),
      }, t('job.stop'))),
    h('progress', {
      'aria-label': `${verb} ${what}`,
      max: job.limit,
      value: job.status === 'done' ? job.limit : finished,
    }),
    h('p', { class: 'muted' },
      [
        job.status === 'running'
          ? t('job.changedOf', { n: exact(job.succeeded), limit: exact(job.limit) })
          : t('job.changed', { n: exact(job.succeeded) }),
        job.rejected > 0 && t('job.refused', { n: exact(job.rejected) }),
        job.failed > 0 && t('job.unanswered', { n: exact(job.failed) }),
        job.last_error && t('job.last', { error: job.last_error }),
      ].filter(Boolean).join(t('job.separator'))));
}

async function stop(job, fresh) {
  try {
    await post('batch-stop', { id: job.id });
    toast(t('job.stopped'));
  } catch (e) {
    toast(e.message, true);
  }
  await fresh.look();
}
