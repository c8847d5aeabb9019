import type { JSX } from 'preact';

/** Drawn on 16 x 16 in the ink of the text beside them. */
const PATHS = {
  overview: 'M2.5 9.5h4v4h-4zM9.5 9.5h4v4h-4zM2.5 2.5h4v4h-4zM9.5 2.5h4v4h-4z',
  metrics: 'M2 13.5h12M3.5 10.5l3-4 2.5 2.5 4-6',
  logs: 'M2.5 3.5h11M2.5 8h8M2.5 12.5h10',
  traces: 'M2 3.5h6M5 8h6M9 12.5h5',
  perf: 'M2.5 12a5.6 5.6 0 1 1 11 0M8 11l2.8-3.6',
  activity: 'M1.5 8.5h3l2-5 3 9 2-4h3',
  sql: 'M8 2c3.2 0 5.5 1 5.5 2.2v7.6C13.5 13 11.2 14 8 14s-5.5-1-5.5-2.2V4.2C2.5 3 4.8 2 8 2zM2.5 4.3C2.5 5.5 4.8 6.5 8 6.5s5.5-1 5.5-2.2M2.5 8c0 1.2 2.3 2.2 5.5 2.2s5.5-1 5.5-2.2',
  search: 'M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.7 10.7 14 14',
  sun: 'M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8 1.5V3M8 13v1.5M1.5 8H3M13 8h1.5M3.4 3.4l1 1M11.6 11.6l1 1M12.6 3.4l-1 1M4.4 11.6l-1 1',
  moon: 'M13.5 9.6A5.8 5.8 0 0 1 6.4 2.5a5.8 5.8 0 1 0 7.1 7.1z',
  auto: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 2v12M8 5l3.5-1.7M8 8.5l5.7-2M8 12l5-2',
  help: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM6.3 6.2C6.4 5.2 7.1 4.7 8 4.7s1.7.6 1.7 1.5c0 1.3-1.7 1.4-1.7 2.6M8 11.2v.1',
  leave: 'M6.5 2.5H3.2v11h3.3M10 5l3 3-3 3M13 8H6',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
  check: 'M3 8.5l3.2 3.2L13 4.5',
  close: 'M4 4l8 8M12 4l-8 8',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  play: 'M5 3l8 5-8 5z',
  right: 'M6 3.5 10.5 8 6 12.5',
  down: 'M3.5 6 8 10.5 12.5 6',
  up: 'M8 13V3M4 7l4-4 4 4',
  download: 'M8 2.5v8M4.8 7.5 8 10.7l3.2-3.2M2.5 13.5h11',
  link: 'M6.7 9.3a2.6 2.6 0 0 0 3.7 0l2.3-2.3A2.6 2.6 0 0 0 9 3.3L8 4.3M9.3 6.7a2.6 2.6 0 0 0-3.7 0L3.3 9A2.6 2.6 0 0 0 7 12.7l1-1',
  alert: 'M8 2.2 14.3 13H1.7zM8 6.3v3M8 11.1v.1',
} as const;
export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

export function Logo(): JSX.Element {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="#171b21" />
      <path d="M13 25V13.5a4.5 4.5 0 0 1 4.5-4.5H20" fill="none" stroke="#8fb4ff" stroke-width="4" stroke-linecap="round" />
      <circle cx="22.5" cy="9" r="3.5" fill="#ffb454" />
    </svg>
  );
}
