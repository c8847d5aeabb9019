/** The pages of the dashboard: each is an address of its own that can be opened, kept and sent to somebody. */
export const PAGE_PATHS = ['/', '/metrics', '/logs', '/traces', '/perf', '/activity', '/sql'] as const;
export type PagePath = (typeof PAGE_PATHS)[number];

/** `POST` ends the browser's session. */
export const SIGN_OUT_PATH = '/sign-out';
