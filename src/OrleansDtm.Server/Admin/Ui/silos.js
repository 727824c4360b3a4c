// The silos: who serves, what each carries, and whether it is behind.
import { h } from './dom.js';
import { bytes, count, duration, rate } from './format.js';
import { parts, t } from './i18n.js';
import { badge, time } from './widgets.js';

export function silos(data) {
  const columns = [
    ['silo', address],
    ['status', silo => h('span', {}, badge(`silo-${silo.status.toLowerCase()}`, silo.status))],
    ['version', silo => silo.version ?? '–'],
    ['uptime', silo => uptime(silo, data.now)],
    ['rate', silo => known(silo.rate, n => `${rate(n)}/s`)],
    ['calls', silo => silo.load ? calls(silo.load) : '–'],
    ['sweep', silo => known(silo.load?.sweep_lag, s => s === 0 ? t('silos.onTime') : duration(s * 1000))],
    ['clock', silo => known(silo.load?.clock_behind, clock)],
    ['connections', silo => silo.load ? connections(silo.load) : '–'],
    ['memory', silo => silo.memory ? memory(silo) : silo.status === 'Active' ? t('silos.silent') : '–'],
  ];
  return h('section', { class: 'card' },
    h('h2', {}, t(data.cluster_mode === 'Local' ? 'silos.one' : 'silos.many'), ' ', h('small', {}, `${data.cluster_mode} · ${data.store}`)),
    h('div', { class: 'wide-table', tabindex: '0', role: 'region', 'aria-label': t('silos.many'), 'data-scroll': 'silos', 'data-key': 'silos' },
      h('table', { class: 'rows stacked labelled' },
        h('thead', {}, h('tr', {}, columns.map(([name]) => h('th', { scope: 'col', title: explained(name) }, t(`silos.${name}`))))),
        h('tbody', {}, data.silos.map(silo => h('tr', {},
          columns.map(([name, show]) => h('td', { 'data-label': t(`silos.${name}`) }, show(silo)))))))),
    h('p', { class: 'muted' }, parts('silos.here', { version: data.version, time: time(data.now) })));
}

const EXPLAINED = ['rate', 'calls', 'sweep', 'clock', 'connections', 'memory'];
const explained = name => EXPLAINED.includes(name) ? t(`silos.${name}.title`) : null;

const known = (value, show) => value === undefined || value === null ? '–' : show(value);

const address = silo => h('span', {},
  h('span', { class: 'mono' }, silo.address), ' ', h('span', { class: 'muted' }, silo.name),
  silo.is_here && [' ', badge('here', t('silos.servesPage'))]);

const uptime = (silo, now) => silo.started
  ? h('span', { title: t('silos.since', { time: silo.started }) }, duration(new Date(now) - new Date(silo.started)))
  : '–';

const calls = load => load.calls_waiting > 0
  ? t('silos.callsWaiting', { flying: count(load.calls_in_flight), waiting: count(load.calls_waiting) })
  : count(load.calls_in_flight);

const clock = seconds => Math.abs(seconds) < 0.1 ? t('silos.exact')
  : t(seconds > 0 ? 'silos.behind' : 'silos.ahead', { time: duration(Math.abs(seconds) * 1000) });

const connections = load => [
  known(load.client_connections, n => t('silos.clients', { n })),
  load.store_connections !== undefined && [', ', t('silos.database', { n: load.store_connections })],
];

const memory = silo => h('span', {}, bytes(silo.memory),
  silo.load?.live_bytes > 0 && h('span', { class: 'muted' }, ' ', t('silos.live', { size: bytes(silo.load.live_bytes) })));
