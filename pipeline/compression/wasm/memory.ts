/**
 * Where things lie in the machine's memory. The compiler's own constants lie below 16 KiB; the host (deflate-machine.ts)
 * lays out what comes behind DATA for each call.
 */

/** Decoding tables: 2 ** LITERAL_BITS entries and room for what hangs from them (zlib's `enough 288 11 15`: 2342). */
export const LITERAL_TABLE: usize = 16384;
/** `enough 32 8 15`: 402. */
export const DISTANCE_TABLE: usize = LITERAL_TABLE + 4 * 2400;
export const LENGTH_CODE_TABLE: usize = DISTANCE_TABLE + 4 * 512;
/** Code lengths of the block that is read or written, a byte each: 288 literals and lengths, then 32 distances. */
export const LENGTHS: usize = LENGTH_CODE_TABLE + 4 * 128;
/** What sorting needs while a table or a code is made. */
export const COUNTS: usize = LENGTHS + 512;
export const OFFSETS: usize = COUNTS + 4 * 40;
export const SORTED: usize = OFFSETS + 128;

/** How often each symbol occurs in the block that is written: 288 and 32 int32. */
export const LITERAL_COUNTS: usize = SORTED + 4 * 320 * 2;
export const DISTANCE_COUNTS: usize = LITERAL_COUNTS + 4 * 288;
/** Its codes: code in the lower 16 bits, length above. */
export const LITERAL_CODES: usize = DISTANCE_COUNTS + 4 * 32;
export const DISTANCE_CODES: usize = LITERAL_CODES + 4 * 288;
/** The code of each match length with its extra bits: 256 entries, bits in the lower 24, their count above. */
export const MATCH_CODES: usize = DISTANCE_CODES + 4 * 32;
/** The header of a block, run by run: symbol and extra, 2 bytes each. */
export const HEADER: usize = MATCH_CODES + 4 * 256;
export const HEADER_COUNTS: usize = HEADER + 2 * 512;
export const HEADER_CODES: usize = HEADER_COUNTS + 4 * 32;

/** How often each match length occurs, and the matches of the block that is written: see block-writer.ts. */
export const MATCH_COUNTS: usize = HEADER_CODES + 4 * 32;
export const TOKENS: usize = 65536;

export const DATA: usize = TOKENS + 4 * 32768;
