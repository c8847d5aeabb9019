import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from '@tanstack/virtual-core';
import type { ComponentChildren, JSX, RefObject } from 'preact';
import { useEffect, useLayoutEffect, useReducer, useRef, useState } from 'preact/hooks';

interface VirtualListProps<Item> {
  readonly label: string;
  readonly items: readonly Item[];
  /** Stays with an item while others come and go. */
  readonly keyOf: (item: Item) => string;
  readonly rowHeight: number;
  readonly children: (item: Item, at: number) => ComponentChildren;
  /** Enter, or a click. */
  readonly onOpen?: ((item: Item) => void) | undefined;
  readonly isOpen?: ((item: Item) => boolean) | undefined;
  readonly rowClass?: (item: Item) => string;
  readonly head?: ComponentChildren;
  readonly class?: string;
}
type Rows = Virtualizer<HTMLDivElement, HTMLDivElement>;

/** What of a long list is seen, by @tanstack/virtual-core; rows are measured, for an opened one is higher. */
function useVirtual<Item>(scroller: RefObject<HTMLDivElement | null>, { items, keyOf, rowHeight }: VirtualListProps<Item>): Rows {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const latest = useRef(items);
  latest.current = items;
  const made = useRef<Rows>(null);
  const options = {
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    getItemKey: (at: number) => {
      const item = latest.current[at];
      return item === undefined ? at : keyOf(item);
    },
    overscan: 8,
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset,
    onChange: () => redraw(undefined),
  };
  made.current ??= new Virtualizer<HTMLDivElement, HTMLDivElement>(options);
  const virtual = made.current;
  virtual.setOptions({ ...virtual.options, ...options });
  useEffect(() => virtual._didMount(), []);
  useLayoutEffect(() => virtual._willUpdate());
  return virtual;
}

const STEPS: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, PageDown: 15, PageUp: -15, Home: -1e9, End: 1e9 };

/** A list of any length: only what is seen is in the page. Arrows move, Enter opens; rows may grow when opened. */
export function VirtualList<Item>(props: VirtualListProps<Item>): JSX.Element {
  const { label, items, keyOf, onOpen, head } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtual(scroller, props);
  const [active, setActive] = useState('');
  const activeAt = items.findIndex((item) => keyOf(item) === active);
  const onKeyDown = (event: KeyboardEvent): void => {
    const by = STEPS[event.key];
    const activeItem = items[activeAt];
    if (by !== undefined) {
      event.preventDefault();
      const to = Math.max(0, Math.min(items.length - 1, activeAt === -1 ? 0 : activeAt + by));
      const item = items[to];
      if (item === undefined) return;
      setActive(keyOf(item));
      virtual.scrollToIndex(to, { align: 'auto' });
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
        <div class="list-space" style={{ height: `${virtual.getTotalSize()}px` }}>
          {virtual.getVirtualItems().map(({ key, index, start }) => {
            const item = items[index];
            if (item === undefined) return null;
            return (
              <Row
                {...props}
                key={key}
                id={idOf(index)}
                item={item}
                index={index}
                start={start}
                virtual={virtual}
                active={index === activeAt}
                choose={() => setActive(keyOf(item))}
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
  readonly item: Item;
  readonly index: number;
  readonly start: number;
  readonly virtual: Rows;
  readonly active: boolean;
  readonly choose: () => void;
}

function Row<Item>({
  id,
  item,
  index,
  start,
  virtual,
  active,
  choose,
  isOpen,
  rowClass,
  onOpen,
  children,
}: RowProps<Item>): JSX.Element {
  const open = isOpen?.(item) === true;
  const onClick = (event: MouseEvent): void => {
    // Who marks a text to copy it does not want it folded away.
    if (getSelection()?.isCollapsed === false || (event.target as Element).closest('a, button, .opened') !== null) return;
    choose();
    onOpen?.(item);
  };
  return (
    <div
      ref={(node: HTMLDivElement | null) => virtual.measureElement(node)}
      data-index={index}
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
