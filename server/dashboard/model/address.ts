import { PAGE_PATHS, type PagePath } from '../../routes/page-paths.ts';

/** Where somebody is in the dashboard: a page and what it shows. All of it stands in the browser's address. */
export interface Address {
  readonly path: PagePath;
  readonly query: Readonly<Record<string, string>>;
}

/** Undefined when there is no such page. */
export function parseAddress(path: string, search: string): Address | undefined {
  const known = PAGE_PATHS.find((each) => each === path);
  if (known === undefined) return undefined;
  return { path: known, query: Object.fromEntries(new URLSearchParams(search)) };
}

/** Empty values are left out, keys stand in the order of the alphabet: one view has one address. */
export function addressText({ path, query }: Address): string {
  const entries = Object.entries(query)
    .filter(([, value]) => value !== '')
    .toSorted(([left], [right]) => (left < right ? -1 : 1));
  return entries.length === 0 ? path : `${path}?${new URLSearchParams(entries).toString()}`;
}

/** What stays when one goes from page to page: whose data, and when. */
const KEPT = ['scope', 'range'];
export function addressOf(path: PagePath, from: Address, query: Readonly<Record<string, string>> = {}): Address {
  const kept = Object.fromEntries(Object.entries(from.query).filter(([key]) => KEPT.includes(key)));
  return { path, query: { ...kept, ...query } };
}
