import { h, s } from './dom.js';
import { clock, count, rate } from './format.js';
import { t } from './i18n.js';

const WIDTH = 600;
const HEIGHT = 120;
const TOP = 14;

/**
 * A stacked bar chart of the last minutes, one bar a slot.
 * @param title what is counted; good and bad: the two series.
 */
export function bars({ title, slots, now, slotSeconds, slotsMax, good, bad }) {
  const last = Math.floor(new Date(now) / 1000 / slotSeconds);
  const first = last - slotsMax + 1;
  const byNumber = new Map(slots.map(slot => [slot.start / slotSeconds, slot]));
  const highest = Math.max(1, ...slots.map(slot => slot[good.field] + slot[bad.field]));
  const minutes = slotsMax * slotSeconds / 60;
  const width = WIDTH / slotsMax;
  const scale = (HEIGHT - TOP) / highest;
  const shapes = [];
  for (let number = first; number <= last; number++) {
    const slot = byNumber.get(number);
    if (!slot) continue;
    const [g, b] = [slot[good.field], slot[bad.field]];
    const x = (number - first) * width;
    const bar = (from, n, kind) => n > 0 && s('rect', {
      x: x + 0.5, width: Math.max(1, width - 1), y: HEIGHT - (from + n) * scale, height: Math.max(1, n * scale), class: kind,
    });
    shapes.push(s('g', {}, s('title', {}, t('chart.slot', { time: clock(slot.start * 1000), good: `${count(g)} ${good.name}`, bad: `${count(b)} ${bad.name}` })),
      s('rect', { x, width, y: 0, height: HEIGHT, class: 'hit' }), bar(0, g, 'bar-good'), bar(g, b, 'bar-bad')));
  }
  const sum = field => slots.filter(slot => slot.start / slotSeconds >= first).reduce((n, slot) => n + slot[field], 0);
  return h('figure', { class: 'chart' },
    h('figcaption', {},
      h('span', {}, title),
      h('span', { class: 'legend' },
        h('span', { class: 'key good' }, `${count(sum(good.field))} ${good.name}`),
        h('span', { class: 'key bad' }, `${count(sum(bad.field))} ${bad.name}`))),
    s('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': t('chart.label', {
      title, minutes, good: `${sum(good.field)} ${good.name}`, bad: `${sum(bad.field)} ${bad.name}`,
    }) },
      s('line', { x1: 0, x2: WIDTH, y1: TOP, y2: TOP, class: 'grid' }),
      s('line', { x1: 0, x2: WIDTH, y1: HEIGHT - 0.5, y2: HEIGHT - 0.5, class: 'axis' }),
      shapes),
    h('div', { class: 'scale' },
      h('span', {}, t('chart.from', { minutes })),
      h('span', {}, slots.length === 0 ? t('chart.none') : t('chart.max', { rate: rate(highest / slotSeconds) })),
      h('span', {}, t('chart.now'))));
}

/** Horizontal bars with their numbers. @param rows {label, value, bad} */
export function ranks(rows) {
  const highest = Math.max(1, ...rows.map(row => row.value));
  return h('ul', { class: 'ranks' }, rows.map(row => h('li', {},
    h('span', {}, row.label),
    s('svg', { viewBox: '0 0 100 10', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
      s('rect', { class: 'rail', width: 100, height: 10, rx: 1 }),
      row.value > 0 && s('rect', { class: row.bad ? 'bar-bad' : 'bar-rank', width: Math.max(1, 100 * row.value / highest), height: 10, rx: 1 })),
    h('span', { class: 'number' }, count(row.value)))));
}
