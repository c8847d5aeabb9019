import type { RefObject } from 'preact';
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { rowAt, rowTops, scrolledTo } from '../model/row-tops.ts';

/** Rows above and below what is seen that are in the page, too. */
const BESIDE = 8;

export interface Listed<Item> {
  readonly items: readonly Item[];
  /** Stays with an item while others come and go. */
  readonly keyOf: (item: Item) => string;
  readonly rowHeight: number;
}

export interface Seen {
  readonly tops: Float64Array;
  /** The rows in the page: from `first` up to `end`, without it. */
  readonly first: number;
  readonly end: number;
  /** Asks for the height of a row as long as it is in the page; returns the way back. */
  readonly measure: (row: HTMLElement, key: string) => () => void;
  readonly show: (at: number) => void;
}

interface View {
  readonly scrolled: number;
  readonly height: number;
}

/** Tells of each scroll and each change of size. Returns the way back. */
function watchView(host: HTMLElement, tell: (view: View) => void): () => void {
  const look = (): void => tell({ scrolled: host.scrollTop, height: host.clientHeight });
  const sized = new ResizeObserver(look);
  sized.observe(host);
  host.addEventListener('scroll', look, { passive: true });
  look();
  return () => {
    host.removeEventListener('scroll', look);
    sized.disconnect();
  };
}

/** What of a long list is seen. Rows are measured, for an opened one is higher. */
export function useSeen<Item>(scroller: RefObject<HTMLDivElement | null>, { items, keyOf, rowHeight }: Listed<Item>): Seen {
  const heights = useRef<Map<string, number>>(new Map()).current;
  const [measured, setMeasured] = useState(0);
  const [{ scrolled, height }, setView] = useState<View>({ scrolled: 0, height: 0 });
  const tops = useMemo(() => {
    const keys = heights.size === 0 ? [] : items.map(keyOf);
    // Rows that are gone: a tail that runs for days leaves nothing behind.
    if (heights.size > 2 * items.length) {
      const here = new Set(keys);
      for (const key of heights.keys()) if (!here.has(key)) heights.delete(key);
    }
    return rowTops(items.length, rowHeight, (at) => heights.get(keys[at] ?? ''));
  }, [items, rowHeight, measured]);
  const latest = useRef({ items, keyOf, tops });
  latest.current = { items, keyOf, tops };
  const rows = useRef<{ readonly keys: Map<Element, string>; readonly observer: ResizeObserver }>(null);
  rows.current ??= observeRows(heights, rowHeight, (key, more) => {
    const { items: now, keyOf: name, tops: places } = latest.current;
    const host = scroller.current;
    // What grows above what one looks at must not push it away; what one sees a part of grows downwards.
    const at = now.findIndex((item) => name(item) === key);
    if (host !== null && at !== -1 && (places[at + 1] ?? Infinity) <= host.scrollTop) host.scrollTop += more;
    setMeasured((count) => count + 1);
  });
  const { keys, observer } = rows.current;
  // The first row that one sees, and how much of it is above: it stays there when others come in before it.
  const held = useRef({ key: '', above: 0 });
  useLayoutEffect(() => {
    const host = scroller.current;
    const at = items.findIndex((item) => keyOf(item) === held.current.key);
    if (host !== null && host.scrollTop > 0 && at !== -1) host.scrollTop = (tops[at] ?? 0) + held.current.above;
  }, [items]);
  useLayoutEffect(() => {
    const host = scroller.current;
    if (host === null) return;
    const leave = watchView(host, (view) => {
      const { items: now, keyOf: name, tops: places } = latest.current;
      const at = rowAt(places, view.scrolled);
      const item = now[at];
      if (item !== undefined) held.current = { key: name(item), above: view.scrolled - (places[at] ?? 0) };
      const rowsOf = (each: View): string => `${rowAt(places, each.scrolled)} ${rowAt(places, each.scrolled + each.height)}`;
      setView((before) => (before.height > 0 && rowsOf(before) === rowsOf(view) ? before : view));
    });
    return () => {
      leave();
      observer.disconnect();
    };
  }, []);
  const first = Math.max(0, rowAt(tops, scrolled) - BESIDE);
  const end = height === 0 ? 0 : Math.min(items.length, rowAt(tops, scrolled + height) + 1 + BESIDE);
  return {
    tops,
    first,
    end,
    measure(row, key) {
      keys.set(row, key);
      observer.observe(row);
      return () => {
        keys.delete(row);
        observer.unobserve(row);
      };
    },
    show(at) {
      const host = scroller.current;
      if (host !== null) host.scrollTop = scrolledTo(tops, at, host.scrollTop, host.clientHeight);
    },
  };
}

/** Notes in `heights` what is not as high as usual, by key, and tells of each change how much more it is. */
function observeRows(heights: Map<string, number>, usual: number, changed: (key: string, more: number) => void) {
  const keys = new Map<Element, string>();
  const observer = new ResizeObserver((entries) => {
    for (const { target, borderBoxSize } of entries) {
      const key = keys.get(target);
      const height = borderBoxSize[0]?.blockSize;
      // A row that has just left the page has no height.
      if (key === undefined || height === undefined || height === 0) continue;
      const before = heights.get(key) ?? usual;
      if (height === usual) heights.delete(key);
      else heights.set(key, height);
      if (height !== before) changed(key, height - before);
    }
  });
  return { keys, observer };
}
