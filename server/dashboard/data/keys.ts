import { PAGES } from '../parts/shell.tsx';
import { paused } from './live.ts';
import { goTo } from './place.ts';

const LEADER_MS = 1200;
const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.shadowRoot !== null);
const isPressable = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.closest('button, a, summary, [role="button"], [role="option"], [role="row"]') !== null;

/** Keys that work on every page. Returns the way back. */
export function listenToKeys(help: () => void): () => void {
  let leaderUntil = 0;
  const onKey = (event: KeyboardEvent): void => {
    if (event.metaKey || event.ctrlKey || event.altKey) return;
    const { target, key } = event;
    if (key === 'Escape' && target instanceof HTMLElement && isTyping(target)) return target.blur();
    if (isTyping(target)) return;
    if (performance.now() < leaderUntil) {
      leaderUntil = 0;
      const page = PAGES.find((each) => each.key === key);
      if (page === undefined) return;
      event.preventDefault();
      return goTo(page.path);
    }
    if (key === 'g') leaderUntil = performance.now() + LEADER_MS;
    else if (key === '?') help();
    else if (key === '/') {
      const search = document.querySelector<HTMLInputElement>('.main input[type="search"]');
      if (search === null) return;
      event.preventDefault();
      search.focus();
      search.select();
    } else if (key === ' ' && !isPressable(target)) {
      event.preventDefault();
      paused.value = !paused.value;
    }
  };
  addEventListener('keydown', onKey);
  return () => removeEventListener('keydown', onKey);
}
