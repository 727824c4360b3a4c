// Formats numbers, durations and JSON. Times are in times.js.
import { t } from './i18n.js';
import { count, trim } from './numbers.js';

export { bytes, count, rate } from './numbers.js';
export { clock } from './times.js';

/** A duration in milliseconds: 0.4 ms, 12 ms, 1.5 s, 3 min, 2 h, 4 d. */
export function duration(ms) {
  if (ms === null || ms === undefined) return '–';
  if (ms === 0) return t('duration.ms', { value: 0 });
  if (ms < 1) return t('duration.ms', { value: ms.toFixed(1) });
  if (ms < 10) return t('duration.ms', { value: trim(ms.toFixed(1)) });
  if (ms < 1000) return t('duration.ms', { value: Math.round(ms) });
  if (ms < 10_000) return t('duration.s', { value: trim((ms / 1000).toFixed(1)) });
  if (ms < 120_000) return t('duration.s', { value: Math.round(ms / 1000) });
  if (ms < 7_200_000) return t('duration.min', { value: Math.round(ms / 60_000) });
  if (ms < 172_800_000) return t('duration.h', { value: Math.round(ms / 3_600_000) });
  return t('duration.d', { value: Math.round(ms / 86_400_000) });
}

/** Seconds of a transaction option. */
export const seconds = value => value > 0 ? duration(value * 1000) : t('common.none');

/** Indents JSON objects and arrays; other text is unchanged. */
export function pretty(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' && value !== null ? JSON.stringify(value, null, 2) : text;
  } catch {
    return text;
  }
}

