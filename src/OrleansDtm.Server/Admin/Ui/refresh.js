// Reloads data every few seconds while the tab is visible.

/**
 * @param load async (signal) => data
 * @param draw (data, error) => false to stop; data: the last response, null at first.
 * @param milliseconds between two requests.
 * @param signal aborted when the page is left.
 * @returns first: the first request; look: reload now; redraw: render the last data again.
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

  function plan() {
    clearTimeout(timer);
    if (goesOn && !document.hidden && !signal.aborted) timer = setTimeout(look, milliseconds);
  }

  document.addEventListener('visibilitychange', () => {
    if (document.hidden) clearTimeout(timer);
    else if (goesOn) look();
  }, { signal });
  signal.addEventListener('abort', () => clearTimeout(timer));
  return { first: look(), look, redraw };
}
