import { h } from './dom.js';
import { signIn } from './api.js';
import { failure } from './widgets.js';

/** The sign-in form. @param done called when the server has accepted the key or token. */
export function signInForm(done) {
  const problem = h('div', {});
  const input = h('input', { id: 'key', type: 'password', name: 'key', required: true, autocomplete: 'current-password', spellcheck: 'false' });
  const button = h('button', { type: 'submit', class: 'primary' }, 'Sign in');
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
        problem.replaceChildren(failure(e.status === 401 ? { status: 0, message: 'This key or token is not accepted.' } : e));
        button.disabled = false;
        input.select();
      }
    },
  },
  h('h1', {}, 'Sign in'),
  h('label', { for: 'key' }, 'API key or token'),
  input,
  h('p', { class: 'muted' }, 'It is sent to this coordinator only. The browser keeps a session cookie without it.'),
  problem,
  h('div', { class: 'buttons' }, button));
}
