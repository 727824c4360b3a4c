// Keeps a list fresh: by events where the server sends them, by polling elsewhere, and not at all while it is paused.
import { h } from './dom.js';
import { t } from './i18n.js';
import { watch } from './api.js';
import { keepFresh } from './refresh.js';

/** With events the list is still read now and then: a call that is put aside is no change of a status. */
const WITH_EVENTS = 10_000;
const WITHOUT_EVENTS = 5000;

/** Under load there are thousands of events a second: at most one request for them in this time. */
const PACE = 1000;
const COSTLY_PACE = 5000;

/**
 * @param list filter: of the events; load, draw: see keepFresh; isSteady: it is never reloaded by itself; isCostly: a
 *   request reads many rows; resumed: called when a pause ends; signal: aborted when the page is left.
 * @returns first, look, redraw: see keepFresh; isPaused; tools: the state and the switch.
 */
export function follow({ filter, load, draw, isSteady, isCostly, resumed, signal }) {
  let connected = false;
  let paused = isSteady;
  let due = null;
  const state = h('span', { class: 'muted fresh', role: 'status' });
  const button = h('button', { type: 'button', 'data-key': 'pause', onclick: () => turn() });
  const fresh = keepFresh(load, draw, () => paused ? null : connected ? WITH_EVENTS : WITHOUT_EVENTS, signal);

  function turn() {
    paused = !paused;
    tell();
    if (paused) {
      clearTimeout(due);
      due = null;
      fresh.plan();
    } else {
      fresh.look();
      resumed();
    }
  }

  function tell() {
    state.textContent = t(paused ? 'list.paused' : connected ? 'list.live' : 'list.polled');
    state.classList.toggle('stale', paused);
    button.textContent = t(paused ? 'list.goOn' : 'list.pause');
  }

  function changed() {
    if (paused || due !== null) return;
    due = setTimeout(() => {
      due = null;
      if (!paused && !signal.aborted) fresh.look();
    }, isCostly ? COSTLY_PACE : PACE);
  }

  tell();
  if (!isSteady) {
    watch(filter, changed, signal, is => {
      if (is === connected) return;
      connected = is;
      tell();
      fresh.plan();
    });
  }
  signal.addEventListener('abort', () => clearTimeout(due));
  return {
    ...fresh,
    isPaused: () => paused,
    tools: [
      !isSteady && [state, button],
      h('button', { type: 'button', 'data-key': 'refresh', onclick: fresh.look }, t('list.refresh')),
    ],
  };
}
