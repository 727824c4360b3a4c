// 中文文本，按页面排列，键与 texts.en.js 相同。
export const texts = {
  'page.overview': '概览',
  'page.transactions': '全局事务',
  'page.topics': '主题',
  'page.keys': '密钥',
  'page.settings': '设置',
  'page.api': 'API',
};
