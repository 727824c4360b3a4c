// The branches of a transaction as a graph of their order, fitted to the available width.
import { h, s } from './dom.js';
import { t } from './i18n.js';
import { empty, stateName } from './widgets.js';
import { byBranch, grouped, groupName, standing } from './calls.js';

const WIDTH = 216;
const HEAD = 44;
const LINE = 21;
const GAP_X = 36;
const GAP_Y = 30;
const NODES_MAX = 150;

/** Beyond it, equal neighbours are one node, and a graph with orders is drawn only on request. */
const FOLDED_FROM = 25;
const ALL = 'graph all';

/**
 * @param opened keys of the expanded parts.
 * @param redraw renders the page again.
 * @param reveal called with the index of the selected call.
 */
export function graph(data, width, opened, redraw, reveal) {
  const branches = data.type === 'tcc' ? byBranch(data).reverse() : byBranch(data);
  if (branches.length === 0) return empty(t('graph.none'));
  if (branches.length < FOLDED_FROM) return drawing(data, branches, connect(data, branches), width, reveal, null);
  const { edges, caption } = connect(data, branches);
  const isPlain = edges.length === 0 || isChain(branches, edges);
  const isWhole = opened.has(ALL);
  const bar = label => h('p', { class: 'line' }, h('span', { class: 'muted' }, counts(data, branches)),
    label && h('button', {
      type: 'button',
      class: 'quiet',
      'data-key': ALL,
      onclick: () => {
        isWhole ? opened.delete(ALL) : opened.add(ALL);
        redraw();
      },
    }, label));
  if (!isPlain && !isWhole) return [h('p', { class: 'muted' }, caption), bar(t('graph.show'))];
  const nodes = isPlain && !isWhole ? grouped(data, branches, FOLDED_FROM).map(nodeOf) : branches;
  if (nodes.length > NODES_MAX) {
    return [bar(), empty(t('graph.tooMany', { n: nodes.length }))];
  }
  const links = edges.length > 0 && nodes !== branches ? chain(nodes) : edges;
  return [
    bar(isWhole ? t('graph.fold')
      : branches.length <= NODES_MAX && nodes.length < branches.length && t('graph.showAll')),
    drawing(data, nodes, { edges: links, caption }, width, reveal, () => {
      opened.add(ALL);
      redraw();
    }),
  ];
}

const nodeOf = group => group.folded
  ? { id: groupName(group), calls: group.items[0].calls, size: group.items.length }
  : group.items[0];

const chain = nodes => nodes.slice(1).map((node, i) => ({ from: nodes[i], to: node }));

const isChain = (nodes, edges) => edges.length === nodes.length - 1
  && edges.every((edge, i) => edge.from === nodes[i] && edge.to === nodes[i + 1]);

/** 80 branches: 56 succeed, 1 waiting, 23 not called */
function counts(data, branches) {
  const found = new Map();
  for (const branch of branches) {
    const state = whole(branch.calls.map(call => standing(data, call)));
    found.set(state, (found.get(state) ?? 0) + 1);
  }
  return t('graph.counts', {
    n: branches.length,
    states: [...found].map(([state, n]) => `${n} ${stateName(state)}`).join(t('common.comma')),
  });
}

/** @param expand called for a node that stands for several branches. */
function drawing(data, nodes, { edges, caption }, width, reveal, expand) {
  const height = HEAD + LINE * Math.max(...nodes.map(node => node.calls.length)) + 8;
  const size = place(nodes, edges, Math.max(WIDTH, width - 40), height);
  const picture = s('svg', {
    viewBox: `0 0 ${size.width} ${size.height}`, width: size.width, height: size.height, role: 'group', 'aria-label': t('graph.branches', { n: nodes.length }),
  },
  s('defs', {}, ['', 'done'].map(kind => s('marker', {
    id: `arrow${kind}`, viewBox: '0 0 8 8', refX: 6, refY: 4, markerWidth: 7, markerHeight: 7, orient: 'auto',
  }, s('path', { d: 'M0 0.5 L7 4 L0 7.5 Z', class: `arrow ${kind}` })))),
  edges.map(edge => line(edge, height)),
  nodes.map(node => draw(data, node, height, reveal, expand)));
  return [
    h('p', { class: 'muted' }, caption),
    h('div', { class: 'scroller graph', 'data-scroll': 'graph' }, picture),
  ];
}

function connect(data, nodes) {
  const { concurrent, orders } = data.options;
  if (data.type === 'saga' && concurrent) {
    const edges = Object.entries(orders).flatMap(([step, before]) => before.map(b => ({ from: nodes[b], to: nodes[step] }))).filter(e => e.from && e.to);
    return { edges, caption: edges.length > 0 ? t('graph.ordered') : t('graph.concurrent') };
  }
  if (data.type === 'msg' && concurrent) return { edges: [], caption: t('graph.concurrentCalls') };
  const captions = {
    saga: t('graph.saga'),
    msg: t('graph.msg'),
    tcc: t('graph.tcc'),
    xa: t('graph.xa'),
    workflow: t('graph.workflow'),
  };
  return { edges: chain(nodes), caption: captions[data.type] ?? '' };
}

/** Sets x and y of each node. A chain wraps like text; other graphs are layered, horizontally if they fit, else vertically. */
function place(nodes, edges, width, height) {
  const perRow = Math.max(1, Math.floor((width + GAP_X) / (WIDTH + GAP_X)));
  const at = (node, column, row) => Object.assign(node, { column, row, x: column * (WIDTH + GAP_X), y: row * (height + GAP_Y) });
  if (edges.length === 0 || isChain(nodes, edges)) {
    nodes.forEach((node, i) => at(node, i % perRow, Math.floor(i / perRow)));
  } else {
    const layers = layersOf(nodes, edges);
    const breadth = Math.max(...layers.map(layer => layer.length));
    const down = layers.length > perRow && breadth <= perRow;
    layers.forEach((layer, i) => layer.forEach((node, j) => {
      const offset = j + (breadth - layer.length) / 2;
      down ? at(node, offset, i) : at(node, i, offset);
      node.down = down;
    }));
  }
  return {
    width: Math.max(...nodes.map(node => node.x)) + WIDTH + 8,
    height: Math.max(...nodes.map(node => node.y)) + height + 8,
  };
}

/** The layer of a node is one above the highest of its predecessors; cycles are left as they are. */
function layersOf(nodes, edges) {
  const level = new Map(nodes.map(node => [node, 0]));
  for (let round = 0, moved = true; moved && round < nodes.length; round++) {
    moved = false;
    for (const { from, to } of edges) {
      if (level.get(to) <= level.get(from)) {
        level.set(to, level.get(from) + 1);
        moved = true;
      }
    }
  }
  const layers = [];
  for (const node of nodes) (layers[level.get(node)] ??= []).push(node);
  return layers.filter(Boolean);
}

function line({ from, to }, height) {
  const done = from.calls[0].status === 'succeed';
  const middle = node => [node.x + WIDTH / 2, node.y + height / 2];
  let d;
  if (to.x > from.x && !from.down) {
    const [x1, y1, x2, y2] = [from.x + WIDTH, middle(from)[1], to.x - 2, middle(to)[1]];
    const bend = (x2 - x1) / 2;
    d = `M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
  } else {
    const [x1, y1, x2, y2] = [middle(from)[0], from.y + height, middle(to)[0], to.y - 2];
    const half = GAP_Y / 2;
    d = x1 === x2 ? `M${x1} ${y1} L${x2} ${y2}` : `M${x1} ${y1} V${y1 + half} H${x2} V${y2}`;
  }
  return s('path', { d, class: `edge ${done ? 'done' : ''}`, 'marker-end': `url(#arrow${done ? 'done' : ''})` });
}

function draw(data, node, height, reveal, expand) {
  const url = node.calls.find(call => call.url)?.url ?? '';
  const states = node.calls.map(call => standing(data, call));
  const choose = node.size ? expand : () => reveal(node.calls[0].index);
  const does = node.calls.map((call, i) => `${call.op} ${stateName(states[i])}`).join(t('common.comma'));
  return s('g', {
    class: `node is-${whole(states).replaceAll(' ', '-')}`,
    transform: `translate(${node.x + 1} ${node.y + 1})`,
    tabindex: 0,
    role: 'button',
    'data-key': `node ${node.id}`,
    onclick: choose,
    onkeydown: event => {
      if (event.key !== 'Enter' && event.key !== ' ') return;
      event.preventDefault();
      choose();
    },
  },
  // Its name for assistive technology, and its tooltip.
  s('title', {}, node.size
    ? t('graph.groupTitle', { n: node.size, id: node.id, does })
    : t('graph.nodeTitle', { id: node.id, does, url: url || t('graph.noUrl') })),
  node.size && s('rect', { class: 'box', width: WIDTH, height, rx: 8, x: 5, y: 5 }),
  s('rect', { class: 'box', width: WIDTH, height, rx: 8 }),
  s('rect', { class: 'mark', width: 4, height: height - 16, x: 0, y: 8, rx: 2 }),
  s('text', { class: 'id', x: 14, y: 20 }, node.id),
  s('text', { class: 'where', x: 14, y: 36 }, node.size ? t('graph.branches', { n: node.size }) : short(url)),
  node.calls.map((call, i) => s('g', { class: `op is-${states[i].replaceAll(' ', '-')}`, transform: `translate(14 ${HEAD + i * LINE})` },
    s('circle', { cx: 4, cy: 9, r: 4 }),
    s('text', { x: 16, y: 13 }, cut(call.op, 14)),
    s('text', { x: WIDTH - 24, y: 13, 'text-anchor': 'end', class: 'state' }, stateName(states[i])))));
}

/** The state of a branch: a current call first, then the compensation, then the action. */
function whole(states) {
  const now = states.find(state => state === 'calling' || state === 'waiting' || state === 'parked');
  if (now) return now;
  return states.includes('failed') ? 'failed' : states.length > 1 && states[1] === 'succeed' ? 'undone' : states[0];
}

/** Host and path without scheme; a long one keeps its end. */
function short(url) {
  const text = url.replace(/^[a-z+.-]+:\/\//i, '').replace(/\?.*$/, '');
  return text.length > 30 ? '…' + text.slice(-29) : text || t('graph.noUrl');
}

const cut = (text, length) => text.length > length ? text.slice(0, length - 1) + '…' : text;
