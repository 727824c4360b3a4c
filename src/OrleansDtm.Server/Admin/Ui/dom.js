// Builds elements. Text becomes text nodes, never markup: gids, payloads and errors are untrusted.

const SVG = 'http://www.w3.org/2000/svg';

/** An element: h('a', { class: 'x', href: '#/' }, 'text', child). Null, undefined and false children are left out. */
export function h(tag, props = {}, ...children) {
  return fill(document.createElement(tag), props, children);
}

/** The same for SVG. */
export function s(tag, props = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

function fill(element, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat(Infinity).filter(c => c !== null && c !== undefined && c !== false));
  return element;
}

/**
 * Replaces the content. The focus and typed values are kept for elements with the same data-key.
 */
export function show(place, ...content) {
  const focused = document.activeElement;
  const key = place.contains(focused) ? focused.dataset.key : undefined;
  const typed = new Map([...place.querySelectorAll('input[data-key]')].map(i => [i.dataset.key, i.value]));
  const scrolled = new Map([...place.querySelectorAll('[data-scroll]')].map(e => [e.dataset.scroll, [e.scrollLeft, e.scrollTop]]));
  place.replaceChildren(...content.flat(Infinity).filter(Boolean));
  for (const input of place.querySelectorAll('input[data-key]')) {
    if (typed.has(input.dataset.key)) input.value = typed.get(input.dataset.key);
  }
  for (const element of place.querySelectorAll('[data-scroll]')) {
    [element.scrollLeft, element.scrollTop] = scrolled.get(element.dataset.scroll) ?? [0, 0];
  }
  if (key !== undefined) {
    [...place.querySelectorAll('[data-key]')].find(e => e.dataset.key === key)?.focus({ preventScroll: true });
  }
}
