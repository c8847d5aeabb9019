/** What the app of the chaos run counts: one for each request that it served. */
export const SERVED_METRIC = 'chaos.served';
