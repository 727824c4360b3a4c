import { h } from './dom.js';
import { signIn, signInWays } from './api.js';
import { t } from './i18n.js';
import { failure } from './widgets.js';

const PLACE = 'orleansdtm-place';

// The URL names the problem, and its text is here: a link must not be able to show any text.
const PROBLEMS = {
  away: t('signin.away'),
  'no-role': t('signin.noRole'),
  denied: t('signin.denied'),
  failed: t('signin.failed'),
};

/** The problem of a sign-in at the issuer in the URL, which then no longer has it; null = none. */
export function takeProblem() {
  const name = location.hash.match(/^#\/\?sign-in=([a-z-]+)$/)?.[1];
  if (name === undefined) return null;
  history.replaceState(null, '', '#/');
  return Object.hasOwn(PROBLEMS, name) ? PROBLEMS[name] : PROBLEMS.failed;
}

/** Goes to the view that was open before the sign-in at the issuer. */
export function returnAfterSignIn() {
  const place = sessionStorage.getItem(PLACE);
  sessionStorage.removeItem(PLACE);
  if (place !== null && location.hash.length <= 2) history.replaceState(null, '', place);
}

/** The link to the issuer, when the server has one. */
async function offerIssuer(place) {
  try {
    const { issuer } = await signInWays();
    if (issuer === undefined) return;
    place.replaceChildren(h('p', { class: 'muted' }, t('signin.or')), h('a', {
      class: 'button',
      href: 'ui/oidc/sign-in',
      onclick: () => sessionStorage.setItem(PLACE, location.hash || '#/'),
    }, t('signin.with', { issuer })));
  } catch {
    // The key form is enough.
  }
}

/**
 * The sign-in form.
 * @param earlier the problem of an earlier attempt, or null
 * @param done called when the server has accepted the key or token
 */
export function signInForm(earlier, done) {
  const problem = h('div', {}, earlier && failure({ status: 0, message: earlier }));
  const issuer = h('div', { class: 'issuer' });
  offerIssuer(issuer);
  const input = h('input', { id: 'key', type: 'password', name: 'key', required: true, autocomplete: 'current-password', spellcheck: 'false' });
  const button = h('button', { type: 'submit', class: 'primary' }, t('signin.title'));
  return h('form', {
    class: 'sign-in card',
    onsubmit: async event => {
      event.preventDefault();
      button.disabled = true;
      problem.replaceChildren();
      try {
        await signIn(input.value);
        await done();
      } catch (e) {
        problem.replaceChildren(failure(e.status === 401 ? { status: 0, message: t('signin.refused') } : e));
        button.disabled = false;
        input.select();
      }
    },
  },
  h('h1', {}, t('signin.title')),
  h('label', { for: 'key' }, t('signin.key')),
  input,
  h('p', { class: 'muted' }, t('signin.kept')),
  problem,
  h('div', { class: 'buttons' }, button),
  issuer);
}
