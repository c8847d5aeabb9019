import { RULES } from './memory.ts';

/** What attributes are judged by, as machine.ts writes it; addresses of its parts. Numbers are int32. */

/** 0: only UTF-8 is checked; 1: by the class; 2: by the table, because the class leaves allowed bytes out. */
export const KEY_BY: usize = RULES;
export const VALUE_BY: usize = RULES + 4;
export const BODY_BY: usize = RULES + 8;
export const KEY_MAX: usize = RULES + 12;
export const VALUE_MAX: usize = RULES + 16;
/** 0 = no limit. */
export const BODY_MAX: usize = RULES + 20;
export const NESTED: usize = RULES + 24;
export const SCALARS: usize = RULES + 28;
export const COUNT_MAX: usize = RULES + 32;
export const DEPTH_MAX: usize = RULES + 36;
export const CLAIM_KEYS: usize = RULES + 40;
/** The longest key that the fast path passes; one of two bytes is the shortest. */
export const FAST_KEY_MAX: usize = RULES + 44;
/** The longest text that the fast path passes; -1: none. */
export const FAST_TEXT_MAX: usize = RULES + 48;
/** All of 0x20 to 0x7f is allowed: no class is needed. */
export const PLAIN_VALUES: usize = RULES + 52;
export const PLAIN_BODIES: usize = RULES + 56;

/** 16 bytes each, as text.ts reads them. */
export const KEY_CLASS: usize = RULES + 64;
/** 256 bytes each, 1 = the byte may stand there. */
export const KEY_TABLE: usize = RULES + 128;
export const VALUE_TABLE: usize = RULES + 384;
export const BODY_TABLE: usize = RULES + 640;
/** 1 where a claim key has that many bytes; of 255 and more, at 255. */
export const CLAIM_LENGTHS: usize = RULES + 896;
/** One claim key after the other: int32 length, bytes, up to the next multiple of 4. */
export const CLAIMS: usize = RULES + 1152;
