// Looks again every few seconds while somebody looks, and not while the tab is hidden.

/**
 * @param load async (signal) => data
 * @param draw (data, error) => false when there is nothing more to come; data is the last that was read, null at first.
 * @param milliseconds between two looks.
 * @param signal says when the page is left.
 * @returns first: the first look; look: one more at once; redraw: what is known, anew.
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
      // Whoever is about to copy a text must not lose it under the pointer.
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
