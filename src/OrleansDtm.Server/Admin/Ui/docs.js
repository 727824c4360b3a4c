// The reference of the HTTP API, made from the OpenAPI document. Nothing is loaded from other hosts.
import './header.js';
import { h, show } from './dom.js';
import { parts, t } from './i18n.js';
import { fields, nameOf, resolve } from './schema.js';

const place = document.getElementById('content');
const filter = document.getElementById('filter');

/** What comes from the document is English in every language of the page. */
const ENGLISH = { lang: 'en' };

/** Names of schemas and operations. */
const NAME = { translate: 'no' };
const METHODS = ['get', 'post', 'put', 'delete'];

const tagId = tag => `tag-${tag.name.replaceAll(' ', '-')}`;

const json = value => typeof value === 'string' ? value : JSON.stringify(value, null, 2);

/** Paragraphs, lists and `code` of the document's descriptions. No other markup occurs in them. */
function prose(text = '') {
  return text.trim().split(/\n\n/).map(block => block.startsWith('- ')
    ? h('ul', ENGLISH, block.split(/\n(?=- )/).map(item => h('li', {}, coded(item.slice(2)))))
    : h('p', ENGLISH, coded(block)));
}

const coded = text => text.replace(/\s*\n\s*/g, ' ').split('`').map((part, i) => i % 2 ? h('code', {}, part) : part);

function operations(api) {
  return Object.entries(api.paths).flatMap(([path, item]) => METHODS
    .filter(method => item[method])
    .map(method => ({ path, method: method.toUpperCase(), ...item[method] })))
    .sort((a, b) => (a.deprecated ? 1 : 0) - (b.deprecated ? 1 : 0));
}

function table(rows) {
  return h('table', { class: 'fields' }, h('tbody', {}, rows.map(row => h('tr', {},
    h('th', { scope: 'row' }, h('code', {}, row.name), row.required && h('span', { class: 'must' }, t('schema.required'))),
    h('td', NAME, row.type),
    h('td', ENGLISH, row.text)))));
}

/** The command that sends an example to this server. */
function curl(operation, example) {
  const quoted = text => `'${text.replaceAll("'", `'\\''`)}'`;
  const query = (operation.parameters ?? []).filter(p => p.in === 'query' && p.required).map(p => `${p.name}=...`).join('&');
  const url = location.origin + operation.path + (query && '?' + query);
  return ['curl', operation.method === 'GET' ? null : `-X ${operation.method}`, quoted(url),
    operation.security && `-H 'Authorization: Bearer ...'`,
    example !== undefined && `-H 'Content-Type: application/json' \\\n  -d ${quoted(JSON.stringify(example))}`,
  ].filter(Boolean).join(' ');
}

function body(api, operation) {
  const media = operation.requestBody?.content?.['application/json'];
  if (!media) return [h('h3', {}, t('docs.call')), h('pre', {}, curl(operation))];
  return [
    h('h3', {}, parts('docs.body', { schema: h('span', NAME, nameOf(media.schema)) })),
    table(fields(api, media.schema)),
    Object.entries(media.examples ?? {}).map(([name, example]) => h('details', {},
      h('summary', {}, parts('docs.example', { name: h('span', ENGLISH, name) })),
      h('pre', {}, json(example.value)),
      h('pre', {}, curl(operation, example.value)))),
  ];
}

function answer(api, status, response) {
  const [type, media] = Object.entries(response.content ?? {})[0] ?? [];
  const rows = media && type === 'application/json' ? fields(api, media.schema) : [];
  return h('details', {},
    h('summary', {}, h('span', { class: `status ${status < 300 ? 'good' : ''}` }, status),
      h('span', ENGLISH, response.description)),
    rows.length > 0 && table(rows),
    media?.example !== undefined && h('pre', {}, json(media.example)));
}

function card(api, operation) {
  const parameters = (operation.parameters ?? []).map(parameter => resolve(api, parameter));
  return h('div', { class: 'card operation', id: operation.operationId },
    h('h2', {}, h('span', ENGLISH, operation.summary), operation.deprecated && h('small', { class: 'old' }, ' ', t('docs.deprecated'))),
    h('div', { class: 'route' },
      h('span', { class: `verb mono ${operation.method}` }, operation.method),
      h('code', {}, operation.path),
      h('small', NAME, operation.operationId)),
    prose(operation.description),
    parameters.length > 0 && [h('h3', {}, t('docs.parameters')), table(parameters.map(p => fields.parameter(api, p)))],
    body(api, operation),
    h('h3', {}, t('docs.answers')),
    h('div', { class: 'answers' }, Object.entries(operation.responses).map(([status, r]) => answer(api, status, r))));
}

function draw(api) {
  const wanted = filter.value.trim().toLowerCase();
  const shown = operations(api).filter(o => `${o.path} ${o.operationId} ${o.summary}`.toLowerCase().includes(wanted));
  const groups = api.tags.map(tag => [tag, shown.filter(o => o.tags.includes(tag.name))]).filter(([, all]) => all.length > 0);
  show(place, h('div', { class: 'reference' },
    h('nav', { class: 'contents', 'aria-label': t('docs.operations') }, groups.map(([tag, all]) => [
      h('h3', ENGLISH, tag.name),
      h('ul', NAME, all.map(o => h('li', {}, h('a', { href: `#${o.operationId}` }, o.operationId)))),
    ])),
    h('article', {},
      h('div', { class: 'intro' }, h('h1', {}, t('docs.title', { name: api.info.title })), prose(api.info.description),
        h('p', {}, parts('docs.document', { link: h('a', { href: 'ui/openapi.json' }, t('docs.documentName')) }))),
      groups.map(([tag, all]) => h('section', { 'aria-labelledby': tagId(tag) },
        h('h1', { ...ENGLISH, id: tagId(tag) }, tag.name), h('p', { ...ENGLISH, class: 'muted' }, tag.description), all.map(o => card(api, o)))),
      groups.length === 0 && h('p', {}, t('docs.noMatch')))));
}

async function start() {
  document.title = t('app.title', { page: t('docs.pageTitle') });
  const response = await fetch('ui/openapi.json');
  if (!response.ok) {
    show(place, h('p', { class: 'banner bad' }, t('docs.failed', { status: response.status })));
    return;
  }
  const api = await response.json();
  draw(api);
  filter.addEventListener('input', () => draw(api));
  document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

document.addEventListener('keydown', event => {
  if (event.key === '/' && !event.target.closest?.('input') && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    filter.focus();
  }
});

start();
