// Branch calls to the hosts of subscribers: rates between two readings, and the errors of the last minutes.
import { h, show } from './dom.js';
import { count, rate } from './format.js';
import { t } from './i18n.js';
import { ago, badge, gidLink } from './widgets.js';

/** The service of a URL, as the coordinator names it: host:port, or grain://Type. */
export function hostOf(url) {
  if (url.startsWith('grain://')) return url.split('/').slice(0, 3).join('/');
  return url.replace(/^[a-z][a-z0-9+.-]*:\/\/\/?/i, '').split(/[/?#]/)[0].split('@').pop().toLowerCase();
}

/** Keeps the readings of the last minute, so that a rate is that of up to a minute. */
export function deliveries() {
  const readings = [];
  const places = new Map();

  /** A place for the numbers of a host; it is filled with each reading. */
  function of(url) {
    const host = hostOf(url);
    const place = h('div', { class: 'delivery' });
    places.set(place, host);
    fill(place, host);
    return place;
  }

  function add(data) {
    readings.push(data);
    const oldest = new Date(data.now) - 60_000;
    while (readings.length > 2 && new Date(readings[0].now) < oldest) readings.shift();
    for (const [place, host] of places) place.isConnected ? fill(place, host) : places.delete(place);
  }

  const find = (data, host) => data?.hosts.find(h => h.host === host);
  const calls = h => h ? h.succeeded + h.ongoing + h.failed + h.errors : 0;

  function fill(place, host) {
    const data = readings.at(-1);
    if (!data) return;
    const now = find(data, host);
    if (!now) {
      show(place, h('span', { class: 'muted' }, t('deliveries.none', { host })));
      return;
    }
    const seconds = (new Date(data.now) - new Date(readings[0].now)) / 1000;
    const perSecond = seconds > 0 ? Math.max(0, calls(now) - calls(find(readings[0], host))) / seconds : null;
    show(place,
      h('span', { class: 'line' },
        now.recent_failures > 0
          ? badge('unknown', t('deliveries.failures', { n: now.recent_failures }))
          : badge('succeed', t('deliveries.noFailures')),
        h('span', { class: 'muted' }, [
          perSecond !== null && t('deliveries.rate', { rate: rate(perSecond) }),
          t('deliveries.calls', { n: calls(now), host }) + t('deliveries.outcomes', {
            good: count(now.succeeded), bad: count(now.failed + now.errors),
          }),
          now.open > 0 && t('deliveries.open', { n: now.open }),
        ].filter(Boolean).join(t('common.comma')))),
      now.last_error !== undefined && h('p', { class: 'error-text' }, now.last_error || t('common.noErrorText')),
      now.last_gid && h('span', { class: 'muted line' }, gidLink(now.last_gid), ago(now.last_time)));
  }

  return { of, add };
}
