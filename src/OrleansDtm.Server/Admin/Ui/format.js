// Formats numbers and times. Times are UTC and are shown in the browser's time zone.

const two = n => String(n).padStart(2, '0');

/** 2026-01-31 18:04:05 in the browser's zone; with milliseconds when asked. */
export function local(value, milliseconds = false) {
  const t = new Date(value);
  const date = `${t.getFullYear()}-${two(t.getMonth() + 1)}-${two(t.getDate())}`;
  const time = `${two(t.getHours())}:${two(t.getMinutes())}:${two(t.getSeconds())}`;
  return `${date} ${time}${milliseconds ? '.' + String(t.getMilliseconds()).padStart(3, '0') : ''}`;
}

/** 18:04:05 */
export const clock = value => local(value).slice(11);

/** A duration in milliseconds: 0.4 ms, 12 ms, 1.5 s, 3 min, 2 h, 4 d. */
export function duration(ms) {
  if (ms === null || ms === undefined) return '–';
  if (ms === 0) return '0 ms';
  if (ms < 1) return `${ms.toFixed(1)} ms`;
  if (ms < 10) return `${trim(ms.toFixed(1))} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${trim((ms / 1000).toFixed(1))} s`;
  if (ms < 120_000) return `${Math.round(ms / 1000)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  if (ms < 172_800_000) return `${Math.round(ms / 3_600_000)} h`;
  return `${Math.round(ms / 86_400_000)} d`;
}

/** A time relative to now: "in 12 s", "3 min ago". */
export function relative(value, now) {
  const ms = new Date(value) - new Date(now);
  return ms >= 0 ? `in ${duration(ms)}` : `${duration(-ms)} ago`;
}

/** Seconds of a transaction option. */
export const seconds = value => value > 0 ? duration(value * 1000) : 'none';

/** 12, 1,234, 56 k */
export function count(n) {
  return n < 100_000 ? n.toLocaleString('en') : n < 10_000_000 ? `${Math.round(n / 1000).toLocaleString('en')} k` : `${Math.round(n / 1e6).toLocaleString('en')} M`;
}

/** Per second: 0, 0.2, 14, 1,204 */
export const rate = n => n === 0 ? '0' : n < 10 ? trim(n.toFixed(1)) : Math.round(n).toLocaleString('en');

/** 12 B, 3.4 KB, 120 MB */
export function bytes(n) {
  if (n < 1000) return `${n} B`;
  if (n < 1e6) return `${trim((n / 1e3).toFixed(1))} KB`;
  return n < 1e9 ? `${Math.round(n / 1e6)} MB` : `${trim((n / 1e9).toFixed(1))} GB`;
}

/** Indents JSON objects and arrays; other text is unchanged. */
export function pretty(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' && value !== null ? JSON.stringify(value, null, 2) : text;
  } catch {
    return text;
  }
}

/** "1 call", "3 calls" */
export const plural = (n, word) => `${count(n)} ${word}${n === 1 ? '' : 's'}`;

const trim = text => text.replace(/\.0+$/, '');
