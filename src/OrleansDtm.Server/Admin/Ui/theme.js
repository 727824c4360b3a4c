// Runs before the first paint, so that a dark page does not flash white. The choice is stored in the browser.
(() => {
  const KEY = 'orleansdtm.theme';
  const order = ['auto', 'light', 'dark'];

  const stored = () => {
    try {
      const value = localStorage.getItem(KEY);
      return order.includes(value) ? value : 'auto';
    } catch {
      return 'auto'; // Storage is blocked: use the system's colours.
    }
  };

  const apply = theme => {
    if (theme === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  };

  let theme = stored();
  apply(theme);

  // The modules run before it: header.js has put the names of the button into its data.
  document.addEventListener('DOMContentLoaded', () => {
    const button = document.getElementById('theme');
    const label = () => {
      const name = button.dataset[theme];
      button.textContent = { auto: '◐', light: '☀', dark: '☾' }[theme];
      button.title = name;
      button.setAttribute('aria-label', name + button.dataset.change);
    };
    button.addEventListener('click', () => {
      theme = order[(order.indexOf(theme) + 1) % order.length];
      apply(theme);
      label();
      try {
        localStorage.setItem(KEY, theme);
      } catch {
        // Storage is blocked: the choice lasts until the page is closed.
      }
    });
    label();
  });
})();
