/** What an exporter may do to its bytes, as the options name it. Apart from the code, so that a schema loads none of it. */
export const COMPRESSIONS = ['none', 'gzip', 'zstd'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

/** Where no `level` is given; docs/decisions/0003-gzip-level.md. */
export const DEFAULT_LEVELS = { gzip: 3, zstd: 3 } as const;

export const LEVELS_MAX = { none: 22, gzip: 9, zstd: 22 } as const;
