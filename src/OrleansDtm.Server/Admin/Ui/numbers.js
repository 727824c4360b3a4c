// Numbers in the language of the page.
import { language } from './language.js';

const chinese = new Intl.NumberFormat('zh-CN', { notation: 'compact', maximumSignificantDigits: 3 });

const thousands = n => n.toLocaleString('en');

/** 12, 1,234, 56 k; in Chinese 5.6万 */
export function count(n) {
  if (n < 100_000) return thousands(n);
  if (language === 'zh') return chinese.format(n);
  return n < 10_000_000 ? `${thousands(Math.round(n / 1000))} k` : `${thousands(Math.round(n / 1e6))} M`;
}

/** Per second: 0, 0.2, 14, 1,204 */
export const rate = n => n === 0 ? '0' : n < 10 ? trim(n.toFixed(1)) : thousands(Math.round(n));

/** 12 B, 3.4 KB, 120 MB */
export function bytes(n) {
  if (n < 1000) return `${n} B`;
  if (n < 1e6) return `${trim((n / 1e3).toFixed(1))} KB`;
  return n < 1e9 ? `${Math.round(n / 1e6)} MB` : `${trim((n / 1e9).toFixed(1))} GB`;
}

/** Without a fraction of zeros. */
export const trim = text => text.replace(/\.0+$/, '');
