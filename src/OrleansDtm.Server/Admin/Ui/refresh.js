// Reloads data every few seconds while the tab is visible.
import { CHANGED } from './times.js';

/**
 * @param load async (signal) => data
 * @param draw (data, error) => false to stop; data: the last response, null at first.
 * @param milliseconds between two requests; or a function of them, which returns null while there shall be none.
 * @param signal aborted when the page is left.
 * @returns first: the first request; look: reload now; redraw: render the last data again; plan: the time between
 *   two requests has changed.
 */
export function keepFresh(load, draw, milliseconds, signal) {
  let timer = null;
  let data = null;
  let error = null;
  let running = null;
  let again = false;
  let drawn = false;
  let goesOn = true;

  function look() {
    again = true;
    running ??= run().finally(() => { running = null; });
    return running;
  }

  async function run() {
    clearTimeout(timer);
    while (again && !signal.aborted) {
      again = false;
      try {
        data = await load(signal);
        error = null;
      } catch (e) {
        error = e;
      }
      // Do not re-render while text is selected, or the selection is lost.
      if (!signal.aborted && (!drawn || document.getSelection().isCollapsed)) redraw();
    }
    plan();
  }

  function redraw() {
    drawn = true;
    goesOn = draw(data, error) !== false;
  }

  const every = () => typeof milliseconds === 'function' ? milliseconds() : milliseconds;

  function plan() {
    clearTimeout(timer);
    const wait = every();
    if (goesOn && wait !== null && !document.hidden && !signal.aborted) timer = setTimeout(look, wait);
  }

  document.addEventListener('visibilitychange', () => {
    if (document.hidden) clearTimeout(timer);
    else if (goesOn && every() !== null) look();
  }, { signal });
  document.addEventListener(CHANGED, () => drawn && redraw(), { signal });
  signal.addEventListener('abort', () => clearTimeout(timer));
  return { first: look(), look, redraw, plan };
}
