// Folds what repeats: runs of equal neighbours become one entry that can be expanded.

/**
 * Groups neighbours with the same key. Runs shorter than min stay single.
 * @param key a text; null = never folded.
 * @returns [{ items, folded }]
 */
export function runs(items, key, min) {
  const found = [];
  for (const item of items) {
    const own = key(item);
    const last = found.at(-1);
    if (last && own !== null && last.own === own) last.items.push(item);
    else found.push({ own, items: [item] });
  }
  return found.flatMap(({ items: same }) => same.length >= min
    ? [{ items: same, folded: true }]
    : same.map(item => ({ items: [item], folded: false })));
}
