// Small elements that all pages use.
import { h, s } from './dom.js';
import { has, t } from './i18n.js';
import { timeElement } from './times.js';

/** The name of a state of a call or an attempt. The statuses of DTM's API keep their names. */
export const stateName = state => {
  const word = state.replaceAll(' ', '-');
  return has(`state.${word}`) ? t(`state.${word}`) : state;
};

/** A status badge. */
export const badge = (status, text = stateName(status)) =>
  h('span', { class: `badge is-${status.replaceAll(' ', '-')}` }, text);

/** A time in the form that the user chose; the tooltip has the others. */
export const time = (value, milliseconds = false) => timeElement(milliseconds ? 'exact' : 'moment', value);

/** A time relative to now. It stays correct while the page is open. */
export const ago = value => timeElement('age', value);

/** A time of today: 18:04:05. */
export const clockTime = value => timeElement('clock', value);

export const transactionLink = gid => `#/transaction?${new URLSearchParams({ gid })}`;

/** A link to the transaction of a gid, with a copy button. */
export const gidLink = gid => h(
  'span', { class: 'gid' },
  h('a', { class: 'mono', href: transactionLink(gid), 'data-key': `gid ${gid}` }, gid),
  copyButton(gid, t('common.copyGid')));

/** A button that copies a text. */
export function copyButton(text, label) {
  const button = h('button', {
    type: 'button',
    class: 'icon',
    title: label,
    'aria-label': label,
    'data-key': `copy ${label} ${text.slice(0, 200)}`,
    onclick: async () => {
      await copy(text);
      button.classList.add('done');
      toast(t('common.copied'));
      button.addEventListener('animationend', () => button.classList.remove('done'), { once: true });
    },
  }, s('svg', { viewBox: '0 0 16 16', width: 14, height: 14, 'aria-hidden': 'true' },
    s('rect', { x: 5.5, y: 5.5, width: 8, height: 8, rx: 1.5, fill: 'none', stroke: 'currentColor', 'stroke-width': 1.4 }),
    s('path', { d: 'M3 10.5V4a1.5 1.5 0 0 1 1.5-1.5H10.5', fill: 'none', stroke: 'currentColor', 'stroke-width': 1.4 })));
  return button;
}

/** Copies a text to the clipboard. */
export async function copy(text) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  // Browsers offer navigator.clipboard only with TLS; many coordinators have none.
  const area = h('textarea', { class: 'offstage', 'aria-hidden': 'true' });
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}

/** Shows a short notification. */
export function toast(text, bad = false) {
  const note = h('div', { class: `toast ${bad ? 'bad' : 'good'}` }, text);
  document.getElementById('toasts').append(note);
  setTimeout(() => note.remove(), bad ? 12_000 : 5_000);
}

/** An error, with a retry button if a function is given. */
export const failure = (error, again) => h(
  'div', { class: 'banner bad', role: 'alert' },
  h('strong', {}, error.status ? `${error.status}: ` : ''),
  error.message,
  again && h('button', { type: 'button', onclick: again }, t('common.again')));

export const loading = () => h('p', { class: 'muted loading', role: 'status' }, t('common.loading'));

export const empty = (...text) => h('p', { class: 'empty' }, ...text);

/**
 * A confirmation dialog that runs the action and shows its error.
 * @param question title, text (array of nodes), verb, danger, run (async, gets the values of the fields in text),
 *   allowed: whether it may run now, asked after each input and by a call of the function that opened(recheck) gets.
 * @returns whether the action succeeded.
 */
export function confirm({ title, text, verb, danger = false, run, allowed = () => true, opened = () => {} }) {
  return new Promise(resolve => {
    const problem = h('div', {});
    const go = h('button', { type: 'submit', class: danger ? 'danger' : 'primary' }, verb);
    const cancel = h('button', { type: 'button', autofocus: true, onclick: () => dialog.close() }, t('common.cancel'));
    let done = false;
    let running = false;
    const recheck = () => { go.disabled = running || !allowed(); };
    const form = h('form', {
      method: 'dialog',
      oninput: recheck,
      onsubmit: async event => {
        event.preventDefault();
        if (running || !allowed()) return;
        const values = Object.fromEntries(new FormData(form));
        running = true;
        recheck();
        problem.replaceChildren();
        try {
          await run(values);
          done = true;
          dialog.close();
        } catch (e) {
          problem.replaceChildren(failure(e));
          running = false;
          recheck();
          cancel.textContent = t('common.close');
        }
      },
    }, h('h2', { id: 'dialog-title' }, title), ...text, problem, h('div', { class: 'buttons' }, cancel, go));
    const before = document.activeElement;
    const dialog = h('dialog', {
      'aria-labelledby': 'dialog-title',
      onclose: () => {
        dialog.remove();
        // A refresh may have replaced the button.
        const back = before?.isConnected ? before : [...document.querySelectorAll('[data-key]')].find(e => e.dataset.key === before?.dataset.key);
        back?.focus();
        resolve(done);
      },
    }, form);
    document.body.append(dialog);
    dialog.showModal();
    recheck();
    opened(recheck);
  });
}
