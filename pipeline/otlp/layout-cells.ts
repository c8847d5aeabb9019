/**
 * The layout that the walk reads messages by, 32 cells per message type, one per field number:
 *   bits 0-3 action · 4-6 wire type · 8-15 type of the sub-message · 16 singular · 17-21 bit that tells it was seen ·
 *   22 OTLP has removed it
 */
export const CELLS_PER_TYPE = 32;
/**
 * `instrumentation_library_metrics` (and _spans, _logs) of a Resource group: what OTLP 0.15 to 0.19 still had under that
 * name beside its successor `scope_metrics`, message for message. OTLP has removed it, so it has no place in the schema,
 * but what is in it is data under the group's claim: it is walked as its successor, and marked. Its cell is that of
 * field number 0, which no message can have.
 */
/** A field that the schema has not, but older readers do: whatever it holds is marked, as MARK_REMOVED. */
export const REMOVED_BIT = 22;
/** Field number 1000, with a length. */
export const REMOVED_TAG = 8002;
export const REMOVED_CELL = 0;
export const ACTION_UNKNOWN = 0;
/** Fixed-width or varint: only its wire type is checked. */
export const ACTION_SCALAR = 1;
export const ACTION_TEXT = 2;
export const ACTION_BYTES = 3;
export const ACTION_ID8 = 4;
export const ACTION_ID16 = 5;
export const ACTION_MESSAGE = 6;
export const ACTION_ATTRIBUTE = 7;
export const ACTION_VALUE = 8;
/** Repeated numbers: one of them, or a packed run of 8-byte ones. */
export const ACTION_PACKED8 = 9;
export const ACTION_PACKED_VARINT = 10;

/** In the table by tag only: so many bytes further, in bits 4-7. */
export const ACTION_STEP = 11;

/** What a message is to the walk; one byte per type. */
export const ROLE_PLAIN = 0;
export const ROLE_ITEM = 1;
export const ROLE_GROUP = 2;
export const ROLE_RESOURCE = 3;
/** Holds items that one attribute list, its own or its InstrumentationScope's, speaks for. */
export const ROLE_OWNER = 4;

export const WALK_OK = 0;
export const WALK_MALFORMED = 1;
/** Valid protobuf in which a singular field occurs twice: to be made canonical first. */
export const WALK_NOT_CANONICAL = 2;

/** More has to be judged than one request may ask for. */
export const WALK_TOO_MANY = 3;
