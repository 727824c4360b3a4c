// The server: the page's data below ui/api, the session below ui/session. Paths are relative to the page, wherever it lives.

/** What the server, or the way to it, said no with. status 0 = it was not reached. */
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

let session = { name: 'anonymous', roles: ['read', 'submit', 'admin'], csrf: '' };

export const current = () => session;

/** Whether the signed-in one may change things. */
export const mayChange = () => session.roles.includes('admin');

/** Asks who we are. A server that knows no sessions lets everybody do everything. */
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

export const signOut = () => send('ui/session', { method: 'DELETE', headers: { 'X-Csrf-Token': session.csrf } });

/** Reads. Parameters that are empty are left out. */
export function get(name, parameters = {}, signal = undefined) {
  const query = new URLSearchParams(Object.entries(parameters).filter(([, v]) => v !== undefined && v !== null && v !== ''));
  return send(`ui/api/${name}${query.size ? '?' + query : ''}`, { signal });
}

/** Changes something. A token that has grown old (somebody signed in anew in another tab) is replaced once. */
export async function post(name, body) {
  try {
    return await change(name, body);
  } catch (e) {
    const before = session.csrf;
    if (e.status !== 403 || (await loadSession()).csrf === before) throw e;
    return change(name, body);
  }
}

const change = (name, body) => send(`ui/api/${name}`, {
  method: 'POST',
  headers: { 'Content-Type': 'application/json', 'X-Csrf-Token': session.csrf },
  body: JSON.stringify(body),
});

async function send(url, options) {
  let response;
  try {
    response = await fetch(url, { credentials: 'same-origin', cache: 'no-store', ...options });
  } catch (e) {
    if (e.name === 'AbortError') throw e;
    throw new ApiError(0, 'the coordinator does not answer');
  }
  const text = await response.text();
  let json = null;
  try {
    json = text === '' ? null : JSON.parse(text);
  } catch {
    // A proxy's page, say: its status tells enough.
  }
  if (response.ok) return json;
  throw new ApiError(response.status, json?.message || words(response.status));
}

function words(status) {
  switch (status) {
    case 401: return 'sign in first';
    case 403: return 'you may not do this';
    case 404: return 'there is no such thing';
    case 503: return 'the coordinator cannot reach its store';
    default: return `the server answered ${status}`;
  }
}
