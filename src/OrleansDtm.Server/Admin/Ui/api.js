// The server's API: data below ui/api, the session below ui/session. Paths are relative to the page.
import { t } from './i18n.js';
import { chosen } from './namespace.js';
import { heard } from './times.js';

/** A failed request. status 0 = the server is unreachable. */
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

let session = { name: 'anonymous', roles: ['read', 'submit', 'admin'], csrf: '' };

export const current = () => session;

/** Whether the session has the role admin. */
export const mayChange = () => session.roles.includes('admin');

/** The attributes of a control that needs the role admin: without it, it is disabled and says so. */
export const forAdmins = () => mayChange() ? {} : { disabled: true, title: t('role.needed') };

/** Loads the session. A server without sessions allows everything. */
export async function loadSession() {
  try {
    session = await send('ui/session', {});
  } catch (e) {
    if (e.status !== 404) throw e;
  }
  return session;
}

export async function signIn(key) {
  await send('ui/session', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ key }) });
  return loadSession();
}

/** What the sign-in form offers beside the key: the name of an issuer, if there is one. */
export const signInWays = () => send('ui/sign-in', {});

/** Ends the session. The answer may have the URL at which the issuer ends its own. */
export const signOut = () => send('ui/session', { method: 'DELETE', headers: { 'X-Csrf-Token': session.csrf } });

/** Sends a GET request. Empty parameters are left out. */
export function get(name, parameters = {}, signal = undefined) {
  const given = Object.entries(parameters).filter(([, v]) => v !== undefined && v !== null && v !== '');
  const query = new URLSearchParams(given);
  // What needs the role admin needs the token too, even to read: audit, keys, settings.
  return withToken(token => send(`ui/api/${name}${query.size ? '?' + query : ''}`, {
    signal,
    headers: { 'X-Csrf-Token': token },
  }));
}

/**
 * Calls changed() when a transaction of the filter changes, or when changes were missed, until the signal is aborted.
 * Only while the tab is visible: a browser has few connections to a server, and other tabs need them.
 * connected(true or false) is called when the stream is opened and when it breaks off.
 */
export function watch(filter, changed, signal, connected = () => {}) {
  let events = null;
  const close = () => {
    events?.close();
    events = null;
  };
  const follow = () => {
    close();
    if (document.hidden || signal.aborted) return;
    const space = chosen();
    events = new EventSource(`ui/api/events?${new URLSearchParams(space ? { ...filter, namespace: space } : filter)}`);
    events.addEventListener('transaction', changed);
    events.addEventListener('reset', changed);
    events.addEventListener('ready', () => connected(true));
    events.addEventListener('error', () => connected(false)); // The browser reconnects by itself.
  };
  document.addEventListener('visibilitychange', follow, { signal });
  signal.addEventListener('abort', close);
  follow();
}

/** Sends a POST request. */
export const post = (name, body) => withToken(token => send(`ui/api/${name}`, {
  method: 'POST',
  headers: { 'Content-Type': 'application/json', 'X-Csrf-Token': token },
  body: JSON.stringify(body),
}));

/** An old CSRF token (after a new sign-in in another tab) is replaced once. */
async function withToken(request) {
  const before = session.csrf;
  try {
    return await request(before);
  } catch (e) {
    if (e.status !== 403 || (await loadSession()).csrf === before) throw e;
    return request(session.csrf);
  }
}

async function send(url, options) {
  let response;
  const space = url.startsWith('ui/api/') ? chosen() : '';
  const headers = { ...options.headers, ...(space ? { 'x-dtm-namespace': space } : {}) };
  try {
    response = await fetch(url, { credentials: 'same-origin', cache: 'no-store', ...options, headers });
  } catch (e) {
    if (e.name === 'AbortError') throw e;
    throw new ApiError(0, t('api.away'));
  }
  const text = await response.text();
  let json = null;
  try {
    json = text === '' ? null : JSON.parse(text);
  } catch {
    // Not JSON, such as a proxy's error page: use the status.
  }
  if (json?.now) heard(json.now);
  if (response.ok) return json;
  throw new ApiError(response.status, json?.message || words(response.status));
}

function words(status) {
  switch (status) {
    case 401: return t('api.401');
    case 403: return t('api.403');
    case 404: return t('api.404');
    case 503: return t('api.503');
    default: return t('api.other', { status });
  }
}
