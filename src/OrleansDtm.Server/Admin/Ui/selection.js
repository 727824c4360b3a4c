// The selected rows of the list, or all that match its filter, and what can be done with them.
import { h } from './dom.js';
import { mayChange } from './api.js';
import { t } from './i18n.js';
import { operations } from './jobs.js';

const isUnfinished = row => row.status !== 'succeed' && row.status !== 'failed';

/**
 * @param filter of the list; a job of all that match needs at least one condition.
 * @param position of the list's page.
 * @param started called when a job was started.
 */
export function selection(filter, position, started) {
  const picked = new Set();
  let rows = [];
  let isAll = false;
  const given = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== ''));
  const mayAll = Object.keys(given).length > 0 && position === '' && !['succeed', 'failed'].includes(given.status);
  const bar = h('div', { class: 'chosen line spread', role: 'group', 'aria-label': t('list.chosen') });
  const boxes = new Map();
  let first = null;

  function scope() {
    if (isAll) return { filter: given, text: t('list.chosenAll') };
    const gids = [...picked];
    return gids.length === 0 ? null : { gids, text: `${t('list.chosenSome', { n: gids.length })}.` };
  }

  function draw() {
    const focused = bar.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
    bar.replaceChildren(
      h('div', { class: 'line' },
        h('span', {}, isAll ? t('list.allMatch') : t('list.selected', { n: picked.size })),
        mayAll && h('label', { class: 'check' },
          h('input', {
            type: 'checkbox',
            'data-key': 'pick all',
            checked: isAll,
            onchange: event => {
              isAll = event.target.checked;
              draw();
            },
          }),
          t('list.allMatchFilter'))),
      h('div', { class: 'buttons' }, operations(scope, () => {
        picked.clear();
        isAll = false;
        draw();
        started();
      })));
    for (const [gid, box] of boxes) {
      box.checked = isAll || picked.has(gid);
      box.disabled = isAll;
    }
    if (first !== null) first.checked = boxes.size > 0 && [...boxes.keys()].every(gid => isAll || picked.has(gid));
    if (focused !== undefined) [...bar.querySelectorAll('[data-key]')].find(e => e.dataset.key === focused)?.focus();
  }

  return {
    bar: mayChange() && bar,

    /** Called before the rows are rendered: what has ended or left the page is not selected any more. */
    show(next) {
      rows = next.filter(isUnfinished);
      boxes.clear();
      const known = new Set(rows.map(row => row.gid));
      for (const gid of picked) if (!known.has(gid)) picked.delete(gid);
      draw();
    },

    one(row) {
      if (!mayChange()) return null;
      const box = h('input', {
        type: 'checkbox',
        'aria-label': t('list.select', { gid: row.gid }),
        'data-key': `pick ${row.gid}`,
        disabled: !isUnfinished(row) || isAll,
        checked: isAll ? isUnfinished(row) : picked.has(row.gid),
        title: isUnfinished(row) ? null : t('list.ended'),
        onchange: event => {
          event.target.checked ? picked.add(row.gid) : picked.delete(row.gid);
          draw();
        },
      });
      if (isUnfinished(row)) boxes.set(row.gid, box);
      return box;
    },

    all() {
      if (!mayChange()) return null;
      first = h('input', {
        type: 'checkbox',
        'aria-label': t('list.selectPage'),
        'data-key': 'pick page',
        disabled: rows.length === 0,
        checked: rows.length > 0 && rows.every(row => isAll || picked.has(row.gid)),
        onchange: event => {
          for (const row of rows) event.target.checked ? picked.add(row.gid) : picked.delete(row.gid);
          draw();
        },
      });
      return first;
    },
  };
}
