// The options of a transaction, and what its submit changed after the prepare.
import { h } from './dom.js';
import { link } from './filters.js';
import { count, duration, pretty, seconds } from './format.js';
import { t } from './i18n.js';
import { ago, copyButton, time } from './widgets.js';

export function facts(data, fold) {
  const o = data.options;
  const fact = (name, ...value) => h('div', {}, h('dt', {}, name), h('dd', {}, ...value));
  const took = data.finished && new Date(data.finished) - new Date(data.created);
  return h('section', { class: 'card' },
    data.reason && h('p', { class: `banner ${data.status === 'failed' ? 'bad' : 'warn'}` }, h('strong', {}, t('facts.reason')), data.reason),
    h('dl', { class: 'facts' },
      fact(t('facts.created'), time(data.created)),
      data.finished ? fact(t('facts.finished'), time(data.finished), ' ', h('span', { class: 'muted' }, t('facts.after', { time: duration(took) }))) : fact(t('facts.updated'), time(data.updated)),
      !data.is_final && fact(t('facts.next'), data.due ? ago(data.due, data.now) : t(data.parked ? 'facts.nextParked' : 'facts.nextSubmitter')),
      Object.keys(data.tags).length > 0 && fact(t('facts.tags'), Object.entries(data.tags).flatMap(([key, value]) => [
        h('a', { class: 'mono', href: link({ tag: `${key}:${value}` }), 'data-key': `tag ${key}` }, `${key}:${value}`), ' '])),
      fact(t('facts.retries'), t('facts.doubling', { from: seconds(o.retry_interval), to: seconds(o.retry_interval_max) })),
      o.retry_limit > 0 && fact(t('facts.retryLimit'), t('facts.used', { used: data.retry_count, limit: o.retry_limit })),
      o.results && fact(t('facts.results'), t('facts.kept')),
      (o.give_up_after > 0 || o.give_up_after_seconds > 0) && fact(t('facts.giveUp'), [o.give_up_after > 0 && t('services.errors', { n: o.give_up_after }), o.give_up_after_seconds > 0 && seconds(o.give_up_after_seconds)].filter(Boolean).join(t('facts.or'))),
      fact(t('facts.requestTimeout'), seconds(o.request_timeout)),
      o.timeout_to_fail > 0 && fact(t('facts.timeoutToFail'), seconds(o.timeout_to_fail)),
      o.delay > 0 && fact(t('facts.delay'), seconds(o.delay)),
      o.concurrent && fact(t('facts.branches'), t('facts.concurrent')),
      o.wait_result && fact(t('facts.submitter'), t('facts.waits')),
      o.query_prepared && fact(t('facts.queryPrepared'), h('span', { class: 'mono' }, o.query_prepared)),
      o.notice_url && fact(t('facts.callback'), h('span', { class: 'mono' }, o.notice_url)),
      o.branch_headers.length > 0 && fact(t('facts.headers'), h('span', { class: 'mono' }, o.branch_headers.join(', '))),
      data.trace_id && fact(t('facts.trace'),
        data.trace_url
          ? h('a', { class: 'mono', href: data.trace_url, target: '_blank', rel: 'noopener noreferrer', 'data-key': 'trace' }, data.trace_id)
          : h('span', { class: 'mono' }, data.trace_id),
        ' ', copyButton(data.trace_id, t('copy.trace'))),
      fact(t('facts.writes'), count(data.version))),
    data.result && [h('h3', {}, t('facts.result')), h('pre', { tabindex: '0', 'data-key': 'result', 'data-scroll': 'result' }, pretty(data.result))],
    changes(data),
    data.custom_data && fold('custom data', '', t('facts.customData'), h('pre', { tabindex: '0', 'data-key': 'custom text', 'data-scroll': 'custom' }, pretty(data.custom_data))));
}

/** What the submit changed; the steps are always those of the prepare. */
function changes(data) {
  if (data.changes.length === 0) return null;
  const value = text => text === '' ? h('span', { class: 'muted' }, t('changes.unset')) : h('span', { class: 'mono' }, text);
  return [
    h('h3', {}, t('changes.title')),
    h('table', { class: 'rows stacked labelled changes' },
      h('thead', {}, h('tr', {}, ['changes.option', 'changes.prepared', 'changes.submitted'].map(name => h('th', { scope: 'col' }, t(name))))),
      h('tbody', {}, data.changes.map(change => h('tr', {},
        h('td', { 'data-label': t('changes.option') }, h('span', { class: 'mono' }, change.name)),
        h('td', { 'data-label': t('changes.prepared') }, h('del', {}, value(change.prepared))),
        h('td', { 'data-label': t('changes.submitted') }, h('ins', {}, value(change.submitted))))))),
  ];
}
