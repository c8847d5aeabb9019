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

/** Of an entry of the history: a hand on a chart made it. It is still known after a reload, and when one comes back to it. */
const BY_HAND = 'by hand';

export function go(next: Address, made: typeof BY_HAND | null = null): void {
  const text = addressText(next);
  if (text === location.pathname + location.search) return;
  history.pushState(made, '', text);
  address.value = next;
}

/** Another page, same scope and time. */
export const goTo = (path: PagePath, query?: Readonly<Record<string, string>>): void => go(addressOf(path, address.value, query));
export const linkTo = (path: PagePath, query?: Readonly<Record<string, string>>): string =>
  addressText(addressOf(path, address.value, query));

function changed(changes: Readonly<Record<string, string | undefined>>): Address {
  const query: Record<string, string> = { ...address.value.query };
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined || value === '') delete query[key];
    else query[key] = value;
  }
  return { path: address.value.path, query };
}

function replace(next: Address): void {
  history.replaceState(history.state, '', addressText(next));
  address.value = next;
}

/** Changes some of what this page shows. `isSmall`: a step that Back need not go through, such as a letter typed. */
export function show(changes: Readonly<Record<string, string | undefined>>, isSmall = false): void {
  if (isSmall) replace(changed(changes));
  else go(changed(changes));
}

/** Where a hand has left a chart. The first move is a step for Back, which leads to what was there; those that follow are not. */
export function showByHand(changes: Readonly<Record<string, string | undefined>>): void {
  if (history.state === BY_HAND) replace(changed(changes));
  else go(changed(changes), BY_HAND);
}

export const showRange = (next: TimeRange): void => show({ range: rangeText(next) });

/** Where one was before somebody moved a chart. */
let home: TimeRange = DEFAULT_RANGE;
range.subscribe((shown) => {
  if (isNamed(shown)) home = shown;
});
export const showHome = (): void => showRange(home);

/** What a chart of the page's time was moved to. */
export const showView = (view: Stretch, edgeMs: number): void => showByHand({ range: rangeText(rangeOfView(view, { edgeMs })) });

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
