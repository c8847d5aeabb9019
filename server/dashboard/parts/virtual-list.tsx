import type { ComponentChildren, JSX } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { useSeen, type Listed, type Seen } from './seen-rows.ts';

interface VirtualListProps<Item> extends Listed<Item> {
  readonly label: string;
  readonly children: (item: Item, at: number) => ComponentChildren;
  /** Enter, or a click. */
  readonly onOpen?: ((item: Item) => void) | undefined;
  readonly isOpen?: ((item: Item) => boolean) | undefined;
  readonly rowClass?: (item: Item) => string;
  readonly head?: ComponentChildren;
  readonly class?: string;
}
const STEPS: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, PageDown: 15, PageUp: -15, Home: -1e9, End: 1e9 };

/** A list of any length: only what is seen is in the page. Arrows move, Enter opens; rows may grow when opened. */
export function VirtualList<Item>(props: VirtualListProps<Item>): JSX.Element {
  const { label, items, keyOf, onOpen, head } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const seen = useSeen(scroller, props);
  const { tops, first } = seen;
  const [active, setActive] = useState('');
  const activeAt = items.findIndex((item) => keyOf(item) === active);
  const onKeyDown = (event: KeyboardEvent): void => {
    const by = STEPS[event.key];
    const activeItem = items[activeAt];
    if (by !== undefined) {
      event.preventDefault();
      const to = Math.max(0, Math.min(items.length - 1, activeAt + by));
      const item = items[to];
      if (item === undefined) return;
      setActive(keyOf(item));
      seen.show(to);
    } else if (event.key === 'Enter' && event.target === scroller.current && activeItem !== undefined) onOpen?.(activeItem);
  };
  const idOf = (at: number): string => `row-${label.replaceAll(/\W/g, '')}-${at}`;
  return (
    <div class={`list ${props.class ?? ''}`}>
      {head}
      <div
        ref={scroller}
        class="list-scroll"
        tabIndex={0}
        role="listbox"
        aria-label={`${label}, ${items.length} rows`}
        aria-activedescendant={activeAt === -1 ? undefined : idOf(activeAt)}
        onKeyDown={onKeyDown}
      >
        <div class="list-space" style={{ height: `${tops.at(-1) ?? 0}px` }}>
          {items.slice(first, seen.end).map((item, place) => {
            const index = first + place;
            const key = keyOf(item);
            return (
              <Row
                {...props}
                key={key}
                id={idOf(index)}
                name={key}
                item={item}
                index={index}
                start={tops[index] ?? 0}
                measure={seen.measure}
                active={index === activeAt}
                choose={() => setActive(key)}
              />
            );
          })}
        </div>
      </div>
    </div>
  );
}

interface RowProps<Item> extends VirtualListProps<Item> {
  readonly id: string;
  /** What its height is kept under. */
  readonly name: string;
  readonly item: Item;
  readonly index: number;
  readonly start: number;
  readonly measure: Seen['measure'];
  readonly active: boolean;
  readonly choose: () => void;
}

function Row<Item>({
  id,
  name,
  item,
  index,
  start,
  measure,
  active,
  choose,
  isOpen,
  rowClass,
  onOpen,
  children,
}: RowProps<Item>): JSX.Element {
  const row = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => (row.current === null ? undefined : measure(row.current, name)), []);
  const open = isOpen?.(item) === true;
  const onClick = (event: MouseEvent): void => {
    // Who marks a text to copy it does not want it folded away.
    if (getSelection()?.isCollapsed === false || (event.target as Element).closest('a, button, .opened') !== null) return;
    choose();
    onOpen?.(item);
  };
  return (
    <div
      ref={row}
      id={id}
      role="option"
      aria-selected={active}
      aria-expanded={isOpen === undefined ? undefined : open}
      class={`list-row ${active ? 'active' : ''} ${open ? 'open' : ''} ${rowClass?.(item) ?? ''}`}
      style={{ transform: `translateY(${start}px)` }}
      onClick={onClick}
    >
      {children(item, index)}
    </div>
  );
}
