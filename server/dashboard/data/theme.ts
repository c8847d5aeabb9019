import { signal } from '@preact/signals';

export type Theme = 'auto' | 'light' | 'dark';
const KEY = 'periscope.theme';
const read = (): Theme => {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === 'light' || kept === 'dark' ? kept : 'auto';
  } catch {
    return 'auto';
  }
};

export const theme = signal<Theme>(read());
/** Rises when colours have changed: what is painted on a canvas is painted again. */
export const painted = signal(0);

function apply(): void {
  const root = document.documentElement;
  if (theme.peek() === 'auto') delete root.dataset['theme'];
  else root.dataset['theme'] = theme.peek();
  painted.value += 1;
}
apply();
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  painted.value += 1;
});

const NEXT: Readonly<Record<Theme, Theme>> = { auto: 'dark', dark: 'light', light: 'auto' };
export function switchTheme(): void {
  theme.value = NEXT[theme.value];
  try {
    localStorage.setItem(KEY, theme.value);
  } catch {
    // For this visit, then.
  }
  apply();
}

/** What a custom property is at this moment, as a colour that a canvas takes. */
const probes = new Map<string, HTMLElement>();
export function colourOf(property: string): string {
  let probe = probes.get(property);
  if (probe === undefined) {
    probe = document.createElement('i');
    probe.hidden = true;
    probe.style.color = `var(${property})`;
    document.body.append(probe);
    probes.set(property, probe);
  }
  return getComputedStyle(probe).color;
}
