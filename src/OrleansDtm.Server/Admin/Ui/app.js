// Selects the page by the URL's hash, so every view can be shared as a link.
import { h, show } from './dom.js';
import { current, loadSession, mayChange, signOut } from './api.js';
import { showRole, showTimes } from './header.js';
import { t } from './i18n.js';
import { failure, loading, toast, transactionLink } from './widgets.js';
import * as overview from './overview.js';
import * as transactions from './transactions.js';
import * as transaction from './transaction.js';
import * as topics from './topics.js';
import { showNamespace } from './namespace.js';
import * as keys from './keys.js';
import * as settings from './settings.js';
import { returnAfterSignIn, signInForm, takeProblem } from './signin.js';

const pages = { '': overview, transactions, transaction, topics, keys, settings };
const main = document.getElementById('main');
let leave = null;
let problem = takeProblem(); // Of a sign-in at the issuer.

function address() {
  const [path, query = ''] = location.hash.replace(/^#\/?/, '').split('?', 2);
  return { path, parameters: new URLSearchParams(query) };
}

/** Opens the page of the URL. The signal is aborted when the page is left. */
async function open() {
  leave?.abort();
  leave = new AbortController();
  const { path, parameters } = address();
  const page = pages[path];
  for (const link of document.querySelectorAll('nav a')) {
    const here = link.dataset.page === page?.section;
    here ? link.setAttribute('aria-current', 'page') : link.removeAttribute('aria-current');
  }
  if (!page) {
    document.title = t('app.title', { page: t('app.notFoundTitle') });
    show(main, h('h1', {}, t('app.notFound')), h('p', {}, h('a', { href: '#/' }, t('app.toOverview'))));
    return;
  }
  document.title = t('app.title', { page: page.title(parameters) });
  const place = h('div', { class: `page page-${page.section}` }, loading());
  show(main, place);
  await page.open(place, parameters, leave.signal, refused);
}

/** Shows the sign-in form after a 401. Returns whether the error was a 401. */
function refused(error) {
  if (error.status !== 401) return false;
  leave?.abort();
  document.title = t('app.title', { page: t('signin.title') });
  document.getElementById('who').textContent = '';
  document.getElementById('sign-out').hidden = true;
  showRole(null);
  show(main, signInForm(problem, async () => {
    greet();
    await open();
  }));
  problem = null;
  main.querySelector('input')?.focus();
  return true;
}

function greet() {
  const { name, roles } = current();
  const known = name !== 'anonymous';
  document.getElementById('who').textContent = known ? name : '';
  document.getElementById('sign-out').hidden = !known;
  showRole(known ? roles : null);
  showNamespace(document.getElementById('namespaces'), current(), open);
  for (const link of document.querySelectorAll('nav a[data-role]')) link.hidden = !mayChange();
}

async function start() {
  show(main, loading());
  try {
    await loadSession();
    greet();
    returnAfterSignIn();
    if (problem) toast(problem, true);
    await open();
  } catch (e) {
    if (!refused(e)) show(main, h('h1', {}, 'OrleansDtm'), failure(e, start));
  }
}

document.getElementById('sign-out').addEventListener('click', async () => {
  try {
    const answer = await signOut();
    answer?.sign_out_url ? location.assign(answer.sign_out_url) : location.reload();
  } catch (e) {
    toast(e.message, true);
  }
});

document.getElementById('find').addEventListener('submit', event => {
  event.preventDefault();
  const gid = document.getElementById('find-gid').value.trim();
  if (gid !== '') location.hash = transactionLink(gid);
});

document.getElementById('skip').addEventListener('click', event => {
  event.preventDefault(); // "#main" is not a page.
  main.focus();
});

document.addEventListener('keydown', event => {
  const typing = event.target.closest?.('input, textarea, select, dialog');
  if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    const input = document.getElementById('find-gid');
    input.focus();
    input.select();
  } else if (event.key === 'Escape' && event.target.id === 'find-gid') {
    event.target.blur();
  }
});

window.addEventListener('hashchange', () => {
  open().then(() => main.contains(document.activeElement) || main.focus({ preventScroll: true }));
  window.scrollTo(0, 0);
});

showTimes();
start();
