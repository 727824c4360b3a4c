// What an operator should look at first: transactions that do not go on, services that fail, silos in trouble.
import { h, s } from './dom.js';
import { link } from './filters.js';
import { count, duration } from './format.js';
import { parts, t } from './i18n.js';
import { ago, badge, gidLink } from './widgets.js';

/** From these on something is wrong; the second is the tolerance of the coordinator. */
const LAG_SECONDS = 10;
const CLOCK_SECONDS = 1;

export function attention(data) {
  const items = [...stuck(data), ...troubled(data)];
  const { services } = data;
  return h('section', { class: `card attention ${items.length + services.length > 0 ? '' : 'calm'}`, 'aria-label': t('attention.title') },
    h('h2', {}, t('attention.title')),
    items.length + services.length === 0 && h('p', { class: 'muted' }, t('attention.none')),
    items.length > 0 && h('ul', { class: 'items' }, items.map(item => h('li', { class: 'line' }, item))),
    services.length > 0 && h('ul', {
      class: 'services', tabindex: '0', 'aria-label': t('services.title'), 'data-scroll': 'services', 'data-key': 'services',
    }, services.map(one => h('li', {}, service(one, data)))));
}

function stuck({ waiting, unfinished }) {
  const parked = waiting.reasons.parked ?? 0;
  const overdue = unfinished.problem ? 0 : unfinished.counts.reduce((n, c) => n + c.overdue, 0);
  return [
    parked > 0 && [badge('parked'), h('a', { href: link({ parked: true }), 'data-key': 'parked' }, t('attention.parked', { n: parked }))],
    overdue > 0 && [badge('overdue', t('attention.overdueBadge')), h('a', { href: link({ waiting: 'silo' }), 'data-key': 'overdue' }, t('attention.overdue', { n: overdue }))],
    waiting.problem && [badge('unknown', t('attention.storeBadge')), t('attention.store', { problem: waiting.problem })],
  ].filter(Boolean);
}

/** Silos that do not answer, are behind with their sweep, or have a wrong clock. */
function troubled({ silos }) {
  const name = silo => h('span', { class: 'mono' }, silo.address);
  return silos.flatMap(silo => {
    const load = silo.load ?? {};
    return [
      silo.status === 'Active' && !silo.started
        && [badge('unknown', t('attention.siloBadge')), parts('attention.silent', { silo: name(silo) })],
      load.sweep_lag > LAG_SECONDS
        && [badge('unknown', t('attention.siloBadge')), parts('attention.lag', { silo: name(silo), time: duration(load.sweep_lag * 1000) })],
      Math.abs(load.clock_behind ?? 0) > CLOCK_SECONDS
        && [badge('unknown', t('attention.clockBadge')), parts(load.clock_behind > 0 ? 'attention.behind' : 'attention.ahead', {
          silo: name(silo), time: duration(Math.abs(load.clock_behind) * 1000),
        })],
    ];
  }).filter(Boolean);
}

function service(one, data) {
  return [
    h('div', { class: 'line' },
      h('strong', { class: 'mono' }, one.service),
      trend(one),
      h('span', { class: 'counts' },
        one.silent_silos > 0 && badge('unknown', t('services.silent')),
        one.errors > 0 && badge('unknown', t('services.errors', { n: one.errors })),
        one.refusals > 0 && badge('failed', t('services.refusals', { n: one.refusals })))),
    one.waiting > 0 && h('p', {},
      h('a', { href: link({ host: one.service, unfinished: true }), 'data-key': `host ${one.service}` }, t('services.waiting', { n: one.waiting })),
      one.since && [' ', parts('services.since', { time: ago(one.since, data.now) })],
      t('services.attempts', { n: one.attempts }),
      one.parked > 0 && t('services.parked', { n: one.parked })),
    one.last_error !== undefined && h('p', { class: 'error-text' }, one.last_error || t('services.noText')),
    h('p', { class: 'muted line' },
      one.last_gid && [gidLink(one.last_gid), h('span', {}, parts('services.failed', { time: ago(one.last_time, data.now) }))],
      h('span', {}, one.last_good ? parts('services.good', { time: ago(one.last_good, data.now) }) : t('services.neverGood')),
      one.open > 0 && h('span', {}, t('services.open', { n: one.open }))),
  ];
}

/** Failures of each minute, the present one last. */
function trend({ minutes }) {
  if (minutes.length === 0) return null;
  const highest = Math.max(1, ...minutes);
  return s('svg', { class: 'trend', viewBox: `0 0 ${minutes.length * 6} 20`, width: minutes.length * 6, height: 20, role: 'img', 'aria-label': t('services.trend', { list: minutes.map(count).join(', ') }) },
    minutes.map((n, i) => s('rect', {
      class: n > 0 ? 'bar-bad' : 'rail', x: i * 6, width: 5, y: n > 0 ? 20 - Math.max(3, 20 * n / highest) : 19, height: n > 0 ? Math.max(3, 20 * n / highest) : 1,
    })));
}
