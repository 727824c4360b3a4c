// Filters with a name: ready-made ones, and those that this browser keeps.
import { h } from './dom.js';
import { t } from './i18n.js';
import { link } from './filters.js';
import { confirm, toast } from './widgets.js';

const KEY = 'orleansdtm.views';
const SAVED_MAX = 20;
const NAME_MAX = 40;

/** From the start of the day in the browser's time zone. */
const today = () => String(new Date(new Date().setHours(0, 0, 0, 0)).getTime());

const READY = {
  all: () => ({}),
  unfinished: () => ({ unfinished: 'true' }),
  retrying: () => ({ waiting: 'retry', sort: 'attempts' }),
  parked: () => ({ parked: 'true' }),
  overdue: () => ({ waiting: 'silo', sort: 'age' }),
  failed: () => ({ status: 'failed', createTimeStart: today() }),
};

/** The saved views: { name: hash }. What another program wrote is ignored. */
function saved() {
  try {
    const all = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    return Object.fromEntries(Object.entries(all)
      .filter(([name, hash]) => name.length <= NAME_MAX && typeof hash === 'string' && hash.startsWith('#/transactions'))
      .slice(0, SAVED_MAX));
  } catch {
    return {}; // Storage is blocked, or its content is not ours.
  }
}

function keep(views) {
  try {
    localStorage.setItem(KEY, JSON.stringify(views));
    return true;
  } catch {
    toast(t('view.blocked'), true);
    return false;
  }
}

/** @param here the hash of the present filter and order, without a position. */
export function views(here) {
  const place = h('nav', { class: 'views', 'aria-label': t('view.title') });
  const draw = () => {
    const ready = Object.entries(READY).map(([name, parameters]) => [t(`view.${name}`), link(parameters())]);
    const own = Object.entries(saved());
    const known = [...ready, ...own].some(([, hash]) => hash === here);
    place.replaceChildren(...[
      ...ready.map(([name, hash]) => one(name, hash, here)),
      ...own.map(([name, hash]) => h('span', { class: 'own' }, one(name, hash, here), h('button', {
        type: 'button', class: 'icon', 'aria-label': t('view.delete', { name }), title: t('view.delete', { name }),
        'data-key': `delete view ${name}`,
        onclick: () => {
          const { [name]: _, ...rest } = saved();
          if (keep(rest)) draw();
        },
      }, '×'))),
      !known && h('button', {
        type: 'button', class: 'quiet', 'data-key': 'save view', onclick: () => save(here).then(draw),
      }, t('view.save')),
    ].filter(Boolean));
  };
  draw();
  return place;
}

const one = (name, hash, here) => h('a', {
  class: 'view', href: hash, 'aria-current': hash === here ? 'true' : null, 'data-key': `view ${name}`,
}, name);

async function save(here) {
  const field = h('input', { name: 'name', required: true, maxlength: NAME_MAX, autocomplete: 'off' });
  await confirm({
    title: t('view.save'),
    text: [h('p', {}, t('view.kept')), h('label', {}, t('view.name'), field)],
    verb: t('view.keep'),
    allowed: () => field.value.trim() !== '',
    opened: () => field.focus(),
    run: async ({ name }) => {
      const all = saved();
      if (!Object.hasOwn(all, name.trim()) && Object.keys(all).length >= SAVED_MAX) throw new Error(t('view.full', { n: SAVED_MAX }));
      keep({ ...all, [name.trim()]: here });
    },
  });
}
