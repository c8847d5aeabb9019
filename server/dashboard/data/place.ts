import { computed, signal } from '@preact/signals';
import type { PagePath } from '../../routes/page-paths.ts';
import { addressOf, addressText, parseAddress, type Address } from '../model/address.ts';
import { rangeOfView } from '../model/chart-view.ts';
import { DEFAULT_RANGE, isNamed, parseRange, rangeText, type Stretch, type TimeRange } from '../model/time-range.ts';

/** Where the browser is. The address is the state: a link reproduces the view, and Back goes back. */
const HOME: Address = { path: '/', query: {} };
const read = (): Address => parseAddress(location.pathname, location.search) ?? HOME;

export const address = signal<Address>(read());
addEventListener('popstate', () => {
  address.value = read();
});

export const range = computed<TimeRange>(() => parseRange(address.value.query['range'] ?? '') ?? DEFAULT_RANGE);

export function go(next: Address): void {
  const text = addressText(next);
  if (text === location.pathname + location.search) return;
  history.pushState(null, '', text);
  address.value = next;
}

/** Another page, same scope and time. */
export const goTo = (path: PagePath, query?: Readonly<Record<string, string>>): void => go(addressOf(path, address.value, query));
export const linkTo = (path: PagePath, query?: Readonly<Record<string, string>>): string =>
  addressText(addressOf(path, address.value, query));

/** Changes some of what this page shows. `replace`: a step that Back need not go through, such as a letter typed. */
export function show(changes: Readonly<Record<string, string | undefined>>, replace = false): void {
  const query: Record<string, string> = { ...address.value.query };
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined || value === '') delete query[key];
    else query[key] = value;
  }
  const next = { path: address.value.path, query };
  if (!replace) return go(next);
  history.replaceState(null, '', addressText(next));
  address.value = next;
}

export const showRange = (next: TimeRange): void => show({ range: rangeText(next) });

/** Where one was before somebody moved a chart. */
let home: TimeRange = DEFAULT_RANGE;
range.subscribe((shown) => {
  if (isNamed(shown)) home = shown;
});
export const showHome = (): void => showRange(home);

/** What a chart was moved to. The first move is a step for Back, those that follow are not. */
export const showView = (view: Stretch, edgeMs: number): void =>
  show({ range: rangeText(rangeOfView(view, { edgeMs })) }, !isNamed(range.peek()));

/** A click on a link of our own changes the address without a new page; every other click is the browser's. */
export function followLinks(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element | null)?.closest?.('a[href]');
  if (!(link instanceof HTMLAnchorElement) || link.origin !== location.origin || link.target !== '' || link.download !== '')
    return;
  const next = parseAddress(link.pathname, link.search);
  if (next === undefined) return;
  event.preventDefault();
  go(next);
}
