// The header: its texts, the language, the form of the times, and the role of the signed-in user.
import { h } from './dom.js';
import { t, translate } from './i18n.js';
import { LANGUAGES, choose, language, tag } from './language.js';
import { FORMS, chooseForm, chosenForm, keepTimes, zoneName } from './times.js';

translate();

/** Filled here, not in the HTML: the list of languages is in one place. */
const languages = document.getElementById('language');
languages.append(...Object.entries(LANGUAGES).map(
  ([name, own]) => h('option', { value: name, lang: tag(name), selected: name === language }, own)));
languages.addEventListener('change', () => choose(languages.value));

/** The switch of the times. It names the zone. */
export function showTimes() {
  const place = document.getElementById('times');
  const names = {
    local: t('times.local', { zone: zoneName(Date.now(), 'local') }),
    utc: t('times.utc'),
    relative: t('times.relative'),
  };
  place.append(...FORMS.map(form => h('option', { value: form, selected: form === chosenForm() }, names[form])));
  place.addEventListener('change', () => chooseForm(place.value));
  keepTimes();
}

document.getElementById('role-text')?.addEventListener('beforetoggle', event => {
  // Below the button, which is in the second row, or in the third one on a phone.
  event.target.style.top = `${document.getElementById('role').getBoundingClientRect().bottom + 6}px`;
});

/** Roles include the lower ones: the last is the role. */
const RANKS = ['admin', 'submit', 'read'];

/** @param roles of the session; null = not signed in, or no sign-in is needed. */
export function showRole(roles) {
  const [button, text] = [document.getElementById('role'), document.getElementById('role-text')];
  const role = RANKS.find(name => roles?.includes(name));
  button.hidden = role === undefined;
  if (role === undefined) return;
  button.className = `badge is-role-${role}`;
  button.textContent = role;
  button.title = t(`role.${role}`);
  text.textContent = button.title;
}
