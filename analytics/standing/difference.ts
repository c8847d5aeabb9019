import type { LikeRows, ResultRows } from './result-rows.ts';

type Rows = ReadonlyMap<string, LikeRows>;

/** All of a result: `{"columns":[…],"rows":[…]}`, its rows in their order but for those that are alike. */
export function snapshotText({ columns, rows }: Pick<ResultRows, 'columns' | 'rows'>): string {
  const texts: string[] = [];
  for (const { text, count } of rows.values()) repeat(texts, text, count);
  return `{"columns":${JSON.stringify(columns)},"rows":[${texts.join(',')}]}`;
}

/**
 * What makes `after` of `before`: `{"added":[…],"changed":[…],"removed":[…]}` with whole rows, lists that are empty left
 * out; undefined = nothing. A changed row replaces the one that has its key; a removed one is as it was.
 */
export function differenceText(before: Rows, after: Rows): string | undefined {
  const added: string[] = [];
  const changed: string[] = [];
  const removed: string[] = [];
  for (const [key, { text, count }] of after) {
    const old = before.get(key);
    if (old === undefined) repeat(added, text, count);
    else if (old.text !== text) changed.push(text);
    else if (old.count < count) repeat(added, text, count - old.count);
    else repeat(removed, text, old.count - count);
  }
  for (const [key, { text, count }] of before) if (!after.has(key)) repeat(removed, text, count);
  const lists = Object.entries({ added, changed, removed }).filter(([, texts]) => texts.length > 0);
  if (lists.length === 0) return undefined;
  return `{${lists.map(([name, texts]) => `"${name}":[${texts.join(',')}]`).join(',')}}`;
}

function repeat(texts: string[], text: string, count: number): void {
  for (let left = count; left > 0; left--) texts.push(text);
}
