import {
  FLAG_BAD_TEXT,
  FLAG_KEY,
  MARK_ATTRIBUTE,
  MARK_COUNT,
  MARK_FRAME,
  MARK_POINT,
  MARK_STRIDE,
  MARK_TEXT,
  MARK_UNKNOWN,
  MARK_VALUE,
  DATA,
  END,
  KIND,
  MarkStore,
} from './marks.kernel.ts';
import type { AttributeCheck } from './attribute.kernel.ts';
import { isAscii, isUtf8 } from './text.kernel.ts';
import { readKey, readVarint31, skipVarint } from './varint.kernel.ts';

/**
 * The walk: one pass over the bytes of a request, driven by a layout that is compiled from the OTLP schema. It checks
 * the wire format and UTF-8, counts items, and leaves marks (marks.kernel.ts) where something has to be judged. Clean
 * bytes leave two frames and a point per Resource group and nothing per item.
 *
 * Layout: 32 cells per message type, one per field number:
 *   bits 0-3 action · 4-6 wire type · 8-15 type of the sub-message · 16 singular · 17-21 bit that tells it was seen
 */
export const CELLS_PER_TYPE = 32;
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

/** Nesting of message types in the schema below the request; AnyValue nests further and is checked on its own. */
const FRAMES_MAX = 16;
const FRAME_STRIDE = 8;
const FRAME_START = 0;
const FRAME_LENGTH = 1;
const FRAME_CONTENT = 2;
const FRAME_END = 3;
const FRAME_TYPE = 4;
/** Its row in the marks, -1 until something inside it is marked. */
const FRAME_ROW = 5;
/** Items counted before it. */
const FRAME_ITEMS = 6;

export class Walker {
  items = 0;
  /** Where the wire format broke, for the message to the sender. */
  faultAt = 0;
  readonly marks = new MarkStore();
  readonly #layout: Int32Array;
  readonly #roles: Uint8Array;
  readonly #attributes: AttributeCheck;
  #bytes: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  #canonical = true;
  /** Attributes that `passClean` has just passed. */
  #passed = 0;
  /** The messages around the place the walk is at, FRAME_STRIDE numbers each; index = depth. */
  readonly #frames = new Int32Array(FRAMES_MAX * FRAME_STRIDE);

  constructor(layout: Int32Array, roles: Uint8Array, attributes: AttributeCheck) {
    this.#layout = layout;
    this.#roles = roles;
    this.#attributes = attributes;
  }

  /** Walks a whole request of message type `type`. Cost: see bench/kernels. */
  run(bytes: Uint8Array, type: number): number {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#attributes.begin(bytes, this.#view);
    this.#canonical = true;
    this.items = 0;
    this.marks.begin(bytes.length);
    const ok = this.#message(type, 0, bytes.length, 0);
    if (this.marks.full) return WALK_TOO_MANY;
    if (!ok) return WALK_MALFORMED;
    return this.#canonical && this.#attributes.canonical ? WALK_OK : WALK_NOT_CANONICAL;
  }

  #fault(at: number): false {
    this.faultAt = at;
    return false;
  }

  /** One message's fields in [start, end). `depth` counts the frames around it. */
  #message(type: number, start: number, end: number, depth: number): boolean {
    const bytes = this.#bytes;
    const cells = this.#layout;
    let attributes = 0;
    let seen = 0;
    let markAll = false; // a key that will change may become one behind it: whoever changes it sees them all
    let p = start;
    while (p < end) {
      const fieldStart = p;
      let tag = bytes[p]!;
      if (tag < 0x80) p += 1;
      else {
        tag = readKey(bytes, p, end);
        p = skipVarint(bytes, p, end);
      }
      if (tag < 8 || p < 0) return this.#fault(fieldStart);
      const field = tag >>> 3;
      const wire = tag & 7;
      const cell = field < CELLS_PER_TYPE ? cells[type * CELLS_PER_TYPE + field]! : 0;
      const action = cell & 15;
      const bit = (cell & 0x10000) === 0 ? 0 : 1 << ((cell >>> 17) & 31);
      if ((seen & bit) !== 0) this.#canonical = false;
      seen |= bit;
      if (wire !== 2) {
        if (action !== ACTION_UNKNOWN && wire !== ((cell >>> 4) & 7)) return this.#fault(fieldStart);
        p = wire === 1 ? p + 8 : wire === 5 ? p + 4 : wire === 0 ? skipVarint(bytes, p, end) : -1;
        if (p < 0 || p > end) return this.#fault(fieldStart);
        if (depth === 0) this.#unknown(fieldStart, p, type); // only unknown fields of a request are no messages
        continue;
      }
      const lengthStart = p;
      let length = p < end ? bytes[p]! : -1;
      if (length < 0x80) p += 1;
      else if (p + 1 < end && bytes[p + 1]! < 0x80) {
        length = (length & 0x7f) | (bytes[p + 1]! << 7);
        p += 2;
      } else {
        length = readVarint31(bytes, p, end);
        p = skipVarint(bytes, p, end);
      }
      const content = p;
      p += length;
      if (length < 0 || content < 0 || p > end) return this.#fault(fieldStart);
      if (action === ACTION_ATTRIBUTE) {
        attributes += 1;
        const flags = this.#attributes.keyValue(content, p);
        if (flags < 0) return this.#fault(fieldStart);
        if ((flags & FLAG_KEY) !== 0) markAll = true;
        if (flags === 0 && !markAll) {
          p = this.#passClean(tag, p, end);
          attributes += this.#passed;
        } else this.marks.push(MARK_ATTRIBUTE, fieldStart, p, this.#frame(depth), lengthStart, content, flags, type);
      } else if (action === ACTION_MESSAGE) {
        if (!this.#enter((cell >>> 8) & 255, fieldStart, lengthStart, content, p, depth + 1)) return false;
      } else if (action === ACTION_UNKNOWN) {
        if (depth === 0) this.#unknown(fieldStart, p, type);
      } else if (!this.#leaf(action, type, fieldStart, lengthStart, content, p, depth)) {
        return this.#fault(fieldStart);
      }
    }
    if (attributes > this.#attributes.countMax)
      this.marks.push(MARK_COUNT, end, end, this.#frame(depth), end, end, attributes, type);
    return true;
  }

  /** Passes the attributes from `p` on that have the tag and nothing to judge; the first other one is left to the loop. */
  #passClean(tag: number, start: number, end: number): number {
    const bytes = this.#bytes;
    const attributes = this.#attributes;
    let p = start;
    this.#passed = 0;
    while (p + 2 <= end && bytes[p] === tag && bytes[p + 1]! < 0x80) {
      const next = p + 2 + bytes[p + 1]!;
      if (next > end || attributes.keyValue(p + 2, next) !== 0) break;
      this.#passed += 1;
      p = next;
    }
    return p;
  }

  /** A field of the request itself that is not in the schema; neighbours share a mark. */
  #unknown(start: number, end: number, type: number): void {
    const last = (this.marks.count - 1) * MARK_STRIDE;
    if (last >= 0 && this.marks.rows[last + KIND] === MARK_UNKNOWN && this.marks.rows[last + END] === start)
      this.marks.rows[last + END] = end;
    else this.marks.push(MARK_UNKNOWN, start, end, -1, end, end, 0, type);
  }

  /** A field of length type that is neither an attribute nor a message. */
  #leaf(action: number, type: number, start: number, length: number, content: number, end: number, depth: number): boolean {
    const size = end - content;
    switch (action) {
      case ACTION_TEXT:
        if (!isAscii(this.#bytes, this.#view, content, end) && !isUtf8(this.#bytes, content, end)) {
          this.marks.push(MARK_TEXT, start, end, this.#frame(depth), length, content, FLAG_BAD_TEXT, type);
        }
        return true;
      case ACTION_VALUE: {
        const flags = this.#attributes.body(content, end);
        if (flags < 0) return false;
        if (flags !== 0) this.marks.push(MARK_VALUE, start, end, this.#frame(depth), length, content, flags, type);
        return true;
      }
      case ACTION_BYTES:
        return true;
      case ACTION_ID8:
        return size === 8 || size === 0;
      case ACTION_ID16:
        return size === 16 || size === 0;
      case ACTION_PACKED8:
        return size % 8 === 0;
      case ACTION_PACKED_VARINT: {
        let p = content;
        while (p >= 0 && p < end) p = skipVarint(this.#bytes, p, end);
        return p === end;
      }
      default:
        return false; // ACTION_SCALAR with a length is the wrong wire type
    }
  }

  /** A sub-message: remembers it as the frame at `depth`, walks it, and settles its row. */
  #enter(type: number, start: number, length: number, content: number, end: number, depth: number): boolean {
    const role = this.#roles[type]!;
    const frames = this.#frames;
    const frame = depth * FRAME_STRIDE;
    frames[frame + FRAME_START] = start;
    frames[frame + FRAME_LENGTH] = length;
    frames[frame + FRAME_CONTENT] = content;
    frames[frame + FRAME_END] = end;
    frames[frame + FRAME_TYPE] = type;
    frames[frame + FRAME_ROW] = -1;
    frames[frame + FRAME_ITEMS] = this.items;
    if (role === ROLE_ITEM) this.items += 1;
    else if (role === ROLE_GROUP) this.marks.push(MARK_POINT, content, content, this.#frame(depth), content, content, 0, type);
    else if (role === ROLE_RESOURCE) this.#frame(depth);
    if (!this.#message(type, content, end, depth)) return false;
    if (role === ROLE_RESOURCE) this.marks.push(MARK_POINT, end, end, this.#frame(depth), end, end, 0, type);
    const row = frames[frame + FRAME_ROW]!;
    if (row >= 0) this.marks.rows[row * MARK_STRIDE + DATA] = this.items - frames[frame + FRAME_ITEMS]!;
    return true;
  }

  /** Row of the frame at `depth`, made now, with those around it, if it has none yet. -1 for the request itself. */
  #frame(depth: number): number {
    if (depth === 0) return -1;
    const frames = this.#frames;
    const frame = depth * FRAME_STRIDE;
    const known = frames[frame + FRAME_ROW]!;
    if (known >= 0) return known;
    const parent = this.#frame(depth - 1);
    const made = this.marks.push(
      MARK_FRAME,
      frames[frame + FRAME_START]!,
      frames[frame + FRAME_END]!,
      parent,
      frames[frame + FRAME_LENGTH]!,
      frames[frame + FRAME_CONTENT]!,
      0,
      frames[frame + FRAME_TYPE]!,
    );
    frames[frame + FRAME_ROW] = made;
    return made;
  }
}
