// Topics and their subscribers.
import { h, show } from './dom.js';
import { get, mayChange, post } from './api.js';
import { plural } from './format.js';
import { confirm, empty, failure, loading, time, toast } from './widgets.js';
import { deliveries } from './deliveries.js';
import { keepFresh } from './refresh.js';

export const section = 'topics';
export const title = () => 'Topics';

const PAGE = 100;
const EVERY = 5000;

export async function open(place, parameters, signal, refused) {
  const position = parameters.get('position') ?? '';
  const list = h('div', {});
  const delivered = deliveries();
  const about = h('span', {});
  show(place, h('div', { class: 'heading' }, h('h1', {}, 'Topics')),
    h('p', { class: 'muted' }, 'A message to topic://name is delivered to the URLs that are subscribed when it is submitted or prepared. ',
      'Numbers are those of all calls to the host of a subscriber', about, '.'),
    subscribeForm(null, load),
    list);

  async function load() {
    if (!list.hasChildNodes()) show(list, loading());
    try {
      const page = await get('topics', { position, limit: PAGE }, signal);
      const topics = page.kv.map(read);
      show(list,
        topics.length === 0 ? empty(position ? 'No further topics.' : 'No topics yet.') : topics.map(topic => card(topic, load, delivered)),
        h('nav', { class: 'pager', 'aria-label': 'Pages of the list' },
          position !== '' && h('a', { class: 'button', href: '#/topics' }, 'Newest'),
          page.next_position && h('a', { class: 'button', href: `#/topics?${new URLSearchParams({ position: page.next_position })}` }, 'Older')));
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
          ? `, of ${data.silos} of ${data.silos_total} silos: the others do not answer`
          : data.silos_total > 1 ? `, of ${data.silos_total} silos` : '';
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
  return h('section', { class: 'card topic', 'aria-label': `Topic ${topic.name}` },
    h('div', { class: 'line spread' },
      h('h2', { class: 'mono' }, topic.name),
      h('span', { class: 'muted' }, 'changed ', time(topic.changed)),
      h('button', {
        type: 'button', class: 'danger quiet', disabled: !mayChange(), 'data-key': `delete ${key}`, 'aria-label': `Delete topic ${topic.name}`, onclick: () => remove(topic, load),
      }, 'Delete topic')),
    topic.subscribers === null ? h('p', { class: 'banner bad' }, 'The stored value is not a list of subscribers.')
      : topic.subscribers.length === 0 ? empty('No subscribers.')
        : h('ul', { class: 'subscribers' }, topic.subscribers.map(subscriber => h('li', {},
          h('span', { class: 'mono url' }, subscriber.url),
          h('span', { class: 'muted' }, subscriber.remark ?? ''),
          h('button', {
            type: 'button', disabled: !mayChange(), 'data-key': `remove ${key} ${subscriber.url}`, 'aria-label': `Remove ${subscriber.url} from ${topic.name}`, onclick: () => unsubscribe(topic, subscriber, load),
          }, 'Remove'),
          delivered.of(subscriber.url)))),
    subscribeForm(topic, load));
}

/** For a topic; null = a new topic. */
function subscribeForm(topic, load) {
  const problem = h('div', {});
  const key = topic ? `to ${topic.name}` : 'new';
  const field = (name, label, placeholder, required) => h('label', {}, label, h('input', {
    name, placeholder, required, autocomplete: 'off', spellcheck: 'false', class: name === 'remark' ? '' : 'mono', 'data-key': `${name} ${key}`, maxlength: name === 'topic' ? 128 : name === 'remark' ? 512 : 2048,
  }));
  return h('form', {
    class: `subscribe ${topic ? '' : 'card'}`,
    'aria-label': topic ? `Subscribe to ${topic.name}` : 'New topic',
    onsubmit: async event => {
      event.preventDefault();
      const form = event.target;
      const body = { topic: topic?.name, ...Object.fromEntries(new FormData(form)) };
      problem.replaceChildren();
      try {
        await post('subscribe', body);
        form.reset();
        toast(`${body.url} is subscribed to ${body.topic}.`);
        await load();
      } catch (e) {
        problem.replaceChildren(failure(e));
      }
    },
  },
  !topic && h('h2', {}, 'New topic'),
  !topic && field('topic', 'Name', 'orders.paid', true),
  field('url', 'Subscriber', 'http://service:8080/paid', true),
  field('remark', 'Remark', 'optional', false),
  h('button', { type: 'submit', disabled: !mayChange(), title: mayChange() ? null : 'Requires the role admin', 'data-key': `subscribe ${key}` }, topic ? 'Add subscriber' : 'Create'),
  problem);
}

async function remove(topic, load) {
  const done = await confirm({
    title: 'Delete this topic?',
    text: [
      h('p', { class: 'mono gid-line' }, topic.name),
      h('p', {}, `It has ${plural(topic.subscribers?.length ?? 0, 'subscriber')}. New messages to it will be refused. Messages in flight are still delivered.`),
    ],
    verb: 'Delete',
    danger: true,
    run: () => post('delete-topic', { topic: topic.name }),
  });
  if (done) {
    toast(`Topic ${topic.name} was deleted.`);
    await load();
  }
}

async function unsubscribe(topic, subscriber, load) {
  const done = await confirm({
    title: 'Remove this subscriber?',
    text: [
      h('p', { class: 'mono gid-line' }, subscriber.url),
      h('p', {}, 'It gets no new messages of topic ', h('strong', { class: 'mono' }, topic.name), '. Messages in flight are still delivered.'),
    ],
    verb: 'Remove',
    danger: true,
    run: () => post('unsubscribe', { topic: topic.name, url: subscriber.url }),
  });
  if (done) {
    toast(`${subscriber.url} was removed from ${topic.name}.`);
    await load();
  }
}
