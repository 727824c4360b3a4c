// The English texts, by page. {name} is replaced; { one, other } is selected by n. texts.zh.js has the same keys.
export const texts = {
  'page.overview': 'Overview',
  'page.transactions': 'Transactions',
  'page.topics': 'Topics',
  'page.keys': 'Keys',
  'page.settings': 'Settings',
  'page.api': 'API',
};
