// The times of the page: local, UTC or relative, as the user chose. The choice is kept in the browser.
import { h } from './dom.js';
import { duration } from './format.js';
import { t } from './i18n.js';

const KEY = 'orleansdtm.times';
const TICK = 1000;

/** The event of a new choice, for texts that are not elements of times. */
export const CHANGED = 'orleansdtm-times';

export const FORMS = ['local', 'utc', 'relative'];

let form = stored();
let skew = 0;

function stored() {
  try {
    const name = localStorage.getItem(KEY);
    return FORMS.includes(name) ? name : 'local';
  } catch {
    return 'local'; // Storage is blocked.
  }
}

export const chosenForm = () => form;

/** Ages are those of the server's clock: the browser's may be wrong. */
export const heard = now => { skew = new Date(now) - Date.now(); };

const two = n => String(n).padStart(2, '0');

/** Minutes east of UTC of the zone in which absolute times are shown. Relative times are local where they cannot be. */
const offset = (t, zone = form) => zone === 'utc' ? 0 : -t.getTimezoneOffset();

/** UTC, UTC+9, UTC−3:30 at a time. */
export function zoneName(value = Date.now(), zone = form) {
  const minutes = offset(new Date(value), zone);
  if (minutes === 0) return 'UTC';
  const part = Math.abs(minutes) % 60;
  return `UTC${minutes < 0 ? '−' : '+'}${Math.floor(Math.abs(minutes) / 60)}${part ? `:${two(part)}` : ''}`;
}

/** 2026-01-31 18:04:05 in the zone; with milliseconds when asked. */
export function absolute(value, milliseconds = false, zone = form) {
  const moment = new Date(value);
  const text = new Date(moment.getTime() + offset(moment, zone) * 60_000).toISOString().replace('T', ' ');
  return text.slice(0, milliseconds ? 23 : 19);
}

/** 18:04:05 */
export const clock = value => absolute(value).slice(11);

/** A time relative to now: "in 12 s", "3 min ago". */
export function relative(value) {
  const ms = new Date(value) - Date.now() - skew;
  return ms >= 0 ? t('times.in', { duration: duration(ms) }) : t('times.ago', { duration: duration(-ms) });
}

const KINDS = {
  moment: value => form === 'relative' ? relative(value) : absolute(value),
  exact: value => form === 'relative' ? relative(value) : absolute(value, true),
  age: relative,
  clock,
};

/** An element with a time. @param kind moment, exact (with milliseconds), age (always relative) or clock. */
export function timeElement(kind, value) {
  const element = h('time', { datetime: new Date(value).toISOString(), 'data-time': kind });
  element.textContent = KINDS[kind](value);
  element.title = tooltip(value);
  return element;
}

/** All forms of a time. */
const tooltip = value => [...new Set([
  relative(value),
  ...['local', 'utc'].map(zone => `${absolute(value, true, zone)} ${zoneName(value, zone)}`),
])].join('\n');

/** Writes all times again. */
function retime() {
  for (const element of document.querySelectorAll('time[data-time]')) {
    const text = KINDS[element.dataset.time](element.dateTime);
    if (element.textContent !== text) element.textContent = text;
  }
}

/** Keeps the relative times of the page correct, which may be open for hours. */
export function keepTimes() {
  setInterval(() => {
    // A new text would end a selection.
    if (!document.hidden && document.getSelection().isCollapsed) retime();
  }, TICK);
  document.addEventListener('mouseover', event => {
    const element = event.target.closest?.('time[data-time]');
    if (element) element.title = tooltip(element.dateTime);
  });
}

/** Keeps the choice, and shows the times, the fields for times and the name of their zone in it. */
export function chooseForm(name) {
  const fields = [...document.querySelectorAll('input[type="datetime-local"]')].map(field => [field, fromField(field.value)]);
  form = name;
  try {
    localStorage.setItem(KEY, name);
  } catch {
    // Storage is blocked: the choice lasts until the page is closed.
  }
  for (const [field, ms] of fields) field.value = toField(ms);
  for (const element of document.querySelectorAll('[data-zone]')) element.textContent = zoneName();
  retime();
  document.dispatchEvent(new Event(CHANGED));
}

/** Unix milliseconds to the value of a datetime-local field in the zone of the page, and back. */
export function toField(ms) {
  const isTime = /^\d+$/.test(ms) && !Number.isNaN(new Date(Number(ms)).getTime());
  return isTime ? absolute(Number(ms)).replace(' ', 'T') : '';
}

export const fromField = text => text === '' ? '' : String(new Date(form === 'utc' ? `${text}Z` : text).getTime());

/** The zone of a field for a time: it follows the choice. */
export const zone = () => h('span', { 'data-zone': true }, zoneName());
