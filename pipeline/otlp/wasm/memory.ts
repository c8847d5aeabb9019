/**
 * Where things lie in the machine's memory. The host (machine.ts) writes the layout once, the rules when they change,
 * and each request at BODY; rows of marks grow behind it. The compiler's own constants lie below the layout.
 */

/** Layout: CELLS_PER_TYPE int32 a message type; see layout-cells.ts. At most 64 types. */
export const LAYOUT: usize = 1024;
/** A role a message type, one byte each. */
export const ROLES: usize = LAYOUT + 64 * 32 * 4;
/** Messages around the place the walk is at; see walk.ts. */
export const FRAMES: usize = ROLES + 64;
/** The layout by tag, for messages that are written as everybody writes them: 128 int32 a message type. */
export const TAGS: usize = 16384;
/** What attributes are judged by; offsets as in rules.ts. */
export const RULES: usize = TAGS + 64 * 128 * 4;
/** First byte of the request. */
export const BODY: usize = 65536;
