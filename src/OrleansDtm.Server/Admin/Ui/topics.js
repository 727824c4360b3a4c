// Topics and their subscribers.
import { h, show } from './dom.js';
import { forAdmins, get, post } from './api.js';
import { parts, t } from './i18n.js';
import { confirm, empty, failure, loading, time, toast } from './widgets.js';
import { deliveries } from './deliveries.js';
import { keepFresh } from './refresh.js';

export const section = 'topics';
export const title = () => t('page.topics');

const PAGE = 100;
const EVERY = 5000;

export async function open(place, parameters, signal, refused) {
  const position = parameters.get('position') ?? '';
  const list = h('div', {});
  const delivered = deliveries();
  const about = h('span', {});
  show(place, h('div', { class: 'heading' }, h('h1', {}, t('page.topics'))),
    h('p', { class: 'muted' }, parts('topics.about', { url: h('code', {}, 'topic://name'), scope: about })),
    subscribeForm(null, load),
    list);

  async function load() {
    if (!list.hasChildNodes()) show(list, loading());
    try {
      const page = await get('topics', { position, limit: PAGE }, signal);
      const topics = page.kv.map(read);
      show(list,
        topics.length === 0 ? empty(position ? t('topics.noMore') : t('topics.none')) : topics.map(topic => card(topic, load, delivered)),
        h('nav', { class: 'pager', 'aria-label': t('common.pager') },
          position !== '' && h('a', { class: 'button', href: '#/topics' }, t('common.newest')),
          page.next_position && h('a', { class: 'button', href: `#/topics?${new URLSearchParams({ position: page.next_position })}` }, t('common.older'))));
    } catch (e) {
      if (e.name !== 'AbortError' && !refused(e)) show(list, failure(e, load));
    }
  }
  const fresh = keepFresh(
    s => get('services', {}, s),
    (data, error) => {
      if (error && refused(error)) return false;
      if (!error) {
        delivered.add(data);
        about.textContent = data.silos < data.silos_total
          ? t('topics.someSilos', { silos: data.silos, n: data.silos_total })
          : data.silos_total > 1 ? t('topics.allSilos', { n: data.silos_total }) : '';
      }
      return true;
    },
    EVERY,
    signal);
  await Promise.all([load(), fresh.first]);
}

function read(row) {
  let subscribers = null;
  try {
    subscribers = JSON.parse(row.v);
  } catch {
    // Not written by the coordinator; the card shows an error.
  }
  return { name: row.k, subscribers: Array.isArray(subscribers) ? subscribers : null, changed: row.update_time };
}

function card(topic, load, delivered) {
  const key = `topic ${topic.name}`;
  return h('section', { class: 'card topic', 'aria-label': t('topics.topic', { topic: topic.name }) },
    h('div', { class: 'line spread' },
      h('h2', { class: 'mono' }, topic.name),
      h('span', { class: 'muted' }, parts('topics.changed', { time: time(topic.changed) })),
      h('button', {
        ...forAdmins(),
        type: 'button',
        class: 'danger quiet',
        'data-key': `delete ${key}`,
        'aria-label': t('topics.deleteLabel', { topic: topic.name }),
        onclick: () => remove(topic, load),
      }, t('topics.delete'))),
    topic.subscribers === null ? h('p', { class: 'banner bad' }, t('topics.invalid'))
      : topic.subscribers.length === 0 ? empty(t('topics.noSubscribers'))
        : h('ul', { class: 'subscribers' }, topic.subscribers.map(subscriber => h('li', {},
          h('span', { class: 'mono url' }, subscriber.url),
          h('span', { class: 'muted' }, subscriber.remark ?? ''),
          h('button', {
            ...forAdmins(),
            type: 'button',
            'data-key': `remove ${key} ${subscriber.url}`,
            'aria-label': t('topics.removeLabel', { url: subscriber.url, topic: topic.name }),
            onclick: () => unsubscribe(topic, subscriber, load),
          }, t('topics.remove')),
          delivered.of(subscriber.url)))),
    subscribeForm(topic, load));
}

/** For a topic; null = a new topic. */
function subscribeForm(topic, load) {
  const problem = h('div', {});
  const key = topic ? `to ${topic.name}` : 'new';
  const field = (name, label, placeholder, required) => h('label', {}, label, h('input', {
    name,
    placeholder,
    required,
    autocomplete: 'off',
    spellcheck: 'false',
    class: name === 'remark' ? '' : 'mono',
    'data-key': `${name} ${key}`,
    maxlength: name === 'topic' ? 128 : name === 'remark' ? 512 : 2048,
  }));
  return h('form', {
    class: `subscribe ${topic ? '' : 'card'}`,
    'aria-label': topic ? t('topics.subscribeTo', { topic: topic.name }) : t('topics.new'),
    onsubmit: async event => {
      event.preventDefault();
      const form = event.target;
      const body = { topic: topic?.name, ...Object.fromEntries(new FormData(form)) };
      problem.replaceChildren();
      try {
        await post('subscribe', body);
        form.reset();
        toast(t('topics.subscribed', { url: body.url, topic: body.topic }));
        await load();
      } catch (e) {
        problem.replaceChildren(failure(e));
      }
    },
  },
  !topic && h('h2', {}, t('topics.new')),
  !topic && field('topic', t('topics.name'), 'orders.paid', true),
  field('url', t('topics.subscriber'), 'http://service:8080/paid', true),
  field('remark', t('topics.remark'), t('topics.optional'), false),
  h(
    'button',
    { ...forAdmins(), type: 'submit', 'data-key': `subscribe ${key}` },
    topic ? t('topics.add') : t('topics.create')),
  problem);
}

async function remove(topic, load) {
  const done = await confirm({
    title: t('topics.deleteTitle'),
    text: [
      h('p', { class: 'mono gid-line' }, topic.name),
      h('p', {}, t('topics.deleteEffect', { n: topic.subscribers?.length ?? 0 })),
    ],
    verb: t('topics.deleteVerb'),
    danger: true,
    run: () => post('delete-topic', { topic: topic.name }),
  });
  if (done) {
    toast(t('topics.deleted', { topic: topic.name }));
    await load();
  }
}

async function unsubscribe(topic, subscriber, load) {
  const done = await confirm({
    title: t('topics.removeTitle'),
    text: [
      h('p', { class: 'mono gid-line' }, subscriber.url),
      h('p', {}, parts('topics.removeEffect', { topic: h('strong', { class: 'mono' }, topic.name) })),
    ],
    verb: t('topics.remove'),
    danger: true,
    run: () => post('unsubscribe', { topic: topic.name, url: subscriber.url }),
  });
  if (done) {
    toast(t('topics.removed', { url: subscriber.url, topic: topic.name }));
    await load();
  }
}
