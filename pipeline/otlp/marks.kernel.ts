/**
 * Marks: what a walk leaves behind, as rows of eight int32 in order of position (a frame before what it holds).
 *
 *   column   frame (a message that holds a mark)      leaf
 *   KIND     MARK_FRAME                               MARK_ATTRIBUTE | MARK_TEXT | MARK_VALUE | MARK_POINT | …
 *   START    first byte of its tag                    the same (MARK_POINT: the place something can be inserted)
 *   END      behind its last byte                     the same
 *   PARENT   row of the frame around it, -1 = none    the same
 *   LENGTH   first byte of its length varint          the same
 *   CONTENT  first byte of its content                the same
 *   DATA     items in it                              flags, FLAG_*
 *   TYPE     message type, index into the layout      type of the message it stands in
 */
export const MARK_STRIDE = 8;
export const KIND = 0;
export const START = 1;
export const END = 2;
export const PARENT = 3;
export const LENGTH = 4;
export const CONTENT = 5;
export const DATA = 6;
export const TYPE = 7;

export const MARK_FRAME = 1;
/** A KeyValue of an attribute list. */
export const MARK_ATTRIBUTE = 2;
/** Any other string field. */
export const MARK_TEXT = 3;
/** An AnyValue that is no attribute: a log body. */
export const MARK_VALUE = 4;
/** Where a Resource attribute, or a whole Resource, can be inserted. */
export const MARK_POINT = 5;
/** Its parent has more attributes than asked for. */
export const MARK_COUNT = 6;
/** A field of the request itself that the schema does not know. */
export const MARK_UNKNOWN = 7;
/** A field that OTLP has removed (REMOVED_BIT); items in it are counted. */
export const MARK_REMOVED = 8;

export const FLAG_CLAIM = 1;
export const FLAG_BAD_TEXT = 2;
export const FLAG_TOO_DEEP = 4;
export const FLAG_KEY = 8;
export const FLAG_VALUE = 16;
export const FLAG_NESTED = 32;
export const FLAG_SCALAR = 64;

/** 32 bytes each: a request may have so many, and one more per so many bytes of it. Honest ones have far fewer. */
export const MARKS_FREE = 65_536;
export const BYTES_PER_MARK = 16;
/** Where they are not enough, so many times more are asked for, until it is all that the request may have. */
export const MARKS_GROWTH = 8;
/** What a mark may cost, all in all: a row in the walk's memory that grows by half, its copy, one more for each scope's
 *  own groups, two times 16 bytes of edits, and a text that is put in, in a buffer that doubles. */
export const MARK_BYTES = 192;
