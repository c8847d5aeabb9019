import { FLAG_BAD_TEXT, FLAG_CLAIM, FLAG_KEY, FLAG_NESTED, FLAG_SCALAR, FLAG_TOO_DEEP, FLAG_VALUE } from './marks.kernel.ts';
import { allIn, allPairsIn, equals, isAscii, isPlain, isUtf8, pairTable } from './text.kernel.ts';
import { readKey, readVarint31, skipVarint } from './varint.kernel.ts';

/** Tags of AnyValue's members but the text: bool, int, double, array, map, bytes. */
const MEMBER_TAGS = [0x10, 0x18, 0x21, 0x2a, 0x32, 0x3a];
/** Wire format broken: the request is refused. */
const BROKEN = -1;

export interface AttributeRules {
  readonly claimKeys: readonly Uint8Array[];
  /** 256 entries each, 1 = the byte may stand there; undefined = only UTF-8 is checked. */
  readonly keyBytes: Uint8Array | undefined;
  readonly valueBytes: Uint8Array | undefined;
  readonly keyBytesMax: number;
  readonly valueBytesMax: number;
  readonly bodyBytes: Uint8Array | undefined;
  /** 0 = no limit. */
  readonly bodyBytesMax: number;
  readonly nested: boolean;
  readonly scalars: boolean;
  readonly countMax: number;
  readonly depthMax: number;
}

/**
 * Judges one KeyValue or AnyValue by byte tables: 0 = clean, else FLAG_* bits, negative = malformed. Typical cost for a
 * key of 12 and a value of 12 bytes: 20 ns.
 */
export class AttributeCheck {
  readonly countMax: number;
  canonical = true;
  /** Of the field that was read last. */
  #tag = 0;
  #content = 0;
  readonly #rules: AttributeRules;
  readonly #claimLengths = new Uint8Array(256);
  /** Bytes a key may hold, by pairs; without rules, ASCII: the rest is then looked at for its UTF-8. */
  readonly #keyPairs: Uint8Array;
  /** Bounds of the fast path; -1 when no text is clean by being plain. */
  readonly #fastKeyMax: number;
  readonly #fastTextMax: number;
  /** Values may hold every byte from 0x20 to 0x7f: then four bytes are checked at once. */
  readonly #plainValues: boolean;
  readonly #plainBodies: boolean;
  #bytes: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));

  constructor(rules: AttributeRules) {
    this.#rules = rules;
    this.countMax = rules.countMax;
    for (const key of rules.claimKeys) this.#claimLengths[Math.min(key.length, 255)] = 1;
    this.#keyPairs = pairTable(rules.keyBytes ?? Uint8Array.from({ length: 256 }, (_, byte) => (byte < 0x80 ? 1 : 0)));
    this.#fastKeyMax = Math.min(126, rules.keyBytes === undefined ? 126 : rules.keyBytesMax - 1);
    const table = rules.valueBytes;
    this.#plainValues = allowsPlain(table);
    this.#plainBodies = allowsPlain(rules.bodyBytes);
    this.#fastTextMax = !this.#plainValues ? -1 : Math.min(127, table === undefined ? 127 : rules.valueBytesMax);
  }

  begin(bytes: Uint8Array, view: DataView): void {
    this.#bytes = bytes;
    this.#view = view;
    this.canonical = true;
  }

  /**
   * KeyValue { string key = 1; AnyValue value = 2 } in [p, end). Fast path, the layout every SDK writes, all of it in one
   * place because a call costs what the check costs: 0A <key length> key 12 <value length> <AnyValue tag> …, lengths
   * below 128, nothing to judge. Whatever is not that is looked at closely.
   */
  keyValue(p: number, end: number): number {
    const bytes = this.#bytes;
    const view = this.#view;
    const key = p + 2;
    if (end - p < 8 || bytes[p] !== 0x0a) return this.#pair(p, end, 0);
    const keyLength = bytes[p + 1]!;
    const keyEnd = key + keyLength;
    const value = keyEnd + 2;
    if (keyLength - 2 >= this.#fastKeyMax || this.#claimLengths[keyLength] !== 0 || value + 2 > end) return this.#pair(p, end, 0);
    const valueLength = bytes[keyEnd + 1]!;
    if (keyLength < 2 || bytes[keyEnd] !== 0x12 || valueLength >= 0x80 || value + valueLength !== end)
      return this.#pair(p, end, 0);
    const pairs = this.#keyPairs;
    for (let at = key; at < keyEnd - 2; at += 2) if (pairs[view.getUint16(at, true)] === 0) return this.#pair(p, end, 0);
    if (pairs[view.getUint16(keyEnd - 2, true)] === 0) return this.#pair(p, end, 0);
    const length = bytes[value + 1]!;
    if (bytes[value] !== 0x0a || length > this.#fastTextMax || value + 2 + length !== end)
      return this.#scalarOrPair(p, value, end);
    // As isPlain, and a text of less than a word is the top of the word that ends with it, filled up with spaces.
    for (let at = value + 2; at < end - 4; at += 4) {
      const word = view.getInt32(at, true);
      if (((word | (word - 0x20202020)) & 0x80808080) !== 0) return this.#pair(p, end, 0);
    }
    let last = view.getInt32(end - 4, true);
    if (length < 4) last = length === 0 ? 0x20202020 : (last >>> (32 - 8 * length)) | (0x20202020 << (8 * length));
    return ((last | (last - 0x20202020)) & 0x80808080) === 0 ? 0 : this.#pair(p, end, 0);
  }

  /** The key is clean and the value no short text: a bool, int or double that ends where it should is clean too. */
  #scalarOrPair(p: number, value: number, end: number): number {
    const tag = this.#bytes[value]!;
    if ((tag === 0x10 || tag === 0x18) && skipVarint(this.#bytes, value + 1, end) === end) return 0;
    if (tag === 0x21 && value + 9 === end && !this.#rules.scalars) return 0;
    return this.#pair(p, end, 0);
  }

  /** A KeyValue in any layout. Depth 0 is an attribute; a member of a map value is no attribute, and no claim. */
  #pair(start: number, end: number, depth: number): number {
    let flags = 0;
    let seen = 0;
    let p = start;
    while (p < end) {
      p = this.#field(p, end);
      if (p < 0) return BROKEN;
      const field = this.#tag >>> 3;
      const content = this.#content;
      if ((this.#tag & 7) !== 2 && field <= 2) return BROKEN;
      if (field > 2) continue;
      if ((seen & field) !== 0) this.canonical = false;
      seen |= field;
      const found = field === 2 ? this.anyValue(content, p, depth) : depth === 0 ? this.#key(content, p) : this.#utf8(content, p);
      if (found < 0) return BROKEN;
      flags |= found;
    }
    return flags;
  }

  /** Reads the field at `p`: its key into `#tag`, the place of its content into `#content`; returns its end, or BROKEN. */
  #field(p: number, end: number): number {
    const bytes = this.#bytes;
    const tag = readKey(bytes, p, end);
    const at = skipVarint(bytes, p, end);
    if (tag < 0 || at < 0) return BROKEN;
    const wire = tag & 7;
    this.#tag = tag;
    this.#content = at;
    let next = wire === 0 ? skipVarint(bytes, at, end) : wire === 1 ? at + 8 : wire === 5 ? at + 4 : BROKEN;
    if (wire === 2) {
      const length = readVarint31(bytes, at, end);
      this.#content = skipVarint(bytes, at, end);
      next = length < 0 || this.#content < 0 ? BROKEN : this.#content + length;
    }
    return next > end ? BROKEN : next;
  }

  #key(start: number, end: number): number {
    const length = end - start;
    let flags = 0;
    if (this.#claimLengths[length < 255 ? length : 255] !== 0) {
      for (const key of this.#rules.claimKeys) if (equals(this.#bytes, start, end, key)) flags = FLAG_CLAIM;
    }
    const pairs = this.#keyPairs;
    if (this.#rules.keyBytes !== undefined) {
      if (length <= this.#rules.keyBytesMax && allPairsIn(pairs, this.#bytes, this.#view, start, end)) return flags;
      flags |= FLAG_KEY;
    }
    return flags | this.#utf8(start, end);
  }

  #utf8(start: number, end: number): number {
    return isAscii(this.#bytes, this.#view, start, end) || isUtf8(this.#bytes, start, end) ? 0 : FLAG_BAD_TEXT;
  }

  #text(start: number, end: number): number {
    let flags = 0;
    const table = this.#rules.valueBytes;
    const plain = isPlain(this.#bytes, this.#view, start, end);
    if (table !== undefined) {
      if (end - start > this.#rules.valueBytesMax) flags = FLAG_VALUE;
      else if (!(plain && this.#plainValues) && !allIn(table, this.#bytes, start, end)) flags = FLAG_VALUE;
    }
    if (!plain && !isUtf8(this.#bytes, start, end)) flags |= FLAG_BAD_TEXT;
    return flags;
  }

  /** A log body, an AnyValue: text has limits of its own, below it only UTF-8 and depth are checked. */
  body(start: number, end: number): number {
    const bytes = this.#bytes;
    const max = this.#rules.bodyBytesMax;
    const length = end - start < 2 ? 0x80 : bytes[start + 1]!;
    const isShortText = bytes[start] === 0x0a && length < 0x80 && start + 2 + length === end && (max === 0 || length <= max);
    if (isShortText && this.#plainBodies && isPlain(bytes, this.#view, start + 2, end)) return 0;
    const table = this.#rules.bodyBytes;
    const flags = this.anyValue(start, end, 1);
    if (flags !== 0 || table === undefined || end === start) return flags;
    // Another first byte than the tag of a member, in one byte, is a layout in which text could hide from the rules.
    if (bytes[start] !== 0x0a) return MEMBER_TAGS.includes(bytes[start]!) ? 0 : FLAG_VALUE;
    const text = skipVarint(bytes, start + 1, end);
    if (max > 0 && end - text > max) return FLAG_VALUE;
    return (this.#plainBodies && isPlain(bytes, this.#view, text, end)) || allIn(table, bytes, text, end) ? 0 : FLAG_VALUE;
  }

  /**
   * AnyValue in [start, end); depth 0 is an attribute's value, a log body starts at 1. Fields: 1 string, 2 bool, 3 int, 4 double, 5 array { repeated AnyValue = 1 }, 6 map { repeated
   * KeyValue = 1 }, 7 bytes. Below the first level only UTF-8 and depth are checked.
   */
  anyValue(start: number, end: number, depth: number): number {
    if (depth > this.#rules.depthMax) return FLAG_TOO_DEEP;
    let flags = 0;
    let members = 0;
    let p = start;
    while (p < end) {
      p = this.#field(p, end);
      if (p < 0) return BROKEN;
      const field = this.#tag >>> 3;
      const wire = this.#tag & 7;
      const content = this.#content;
      if (field <= 7) {
        if (wire !== (field === 2 || field === 3 ? 0 : field === 4 ? 1 : 2)) return BROKEN;
        members += 1;
      }
      if (wire !== 2) {
        const judged = field === 4 && depth === 0 && this.#rules.scalars;
        if (judged && !isDecimal(this.#view.getFloat64(content, true))) flags |= FLAG_SCALAR;
        continue;
      }
      const found = field <= 7 ? this.#sized(field, content, p, depth) : 0;
      if (found < 0) return BROKEN;
      flags |= found;
    }
    if (members > 1) this.canonical = false;
    return flags;
  }

  /** The members of AnyValue that have a length. */
  #sized(field: number, start: number, end: number, depth: number): number {
    if (field === 1) {
      if (depth === 0) return this.#text(start, end);
      return this.#utf8(start, end);
    }
    if (field === 7) return depth === 0 && end - start > this.#rules.valueBytesMax ? FLAG_VALUE : 0;
    const found = this.#elements(field, start, end, depth);
    if (found < 0) return BROKEN;
    return found | (depth === 0 && this.#rules.nested ? FLAG_NESTED : 0);
  }

  /** The elements of an ArrayValue (field 5) or KeyValueList (field 6). */
  #elements(field: number, start: number, end: number, depth: number): number {
    let flags = 0;
    let p = start;
    while (p < end) {
      p = this.#field(p, end);
      if (p < 0) return BROKEN;
      const content = this.#content;
      if (this.#tag >>> 3 !== 1) continue;
      if ((this.#tag & 7) !== 2) return BROKEN;
      const found = field === 5 ? this.anyValue(content, p, depth + 1) : this.#pair(content, p, depth + 1);
      if (found < 0) return BROKEN;
      flags |= found;
    }
    return flags;
  }
}

/** Does JavaScript, and so our pattern for numbers, write this one without an exponent, a word or a sign of NaN? */
function isDecimal(value: number): boolean {
  const size = Math.abs(value);
  return size < 1e21 && (size >= 1e-6 || size === 0);
}

function allowsPlain(table: Uint8Array | undefined): boolean {
  return table === undefined || table.subarray(0x20, 0x80).every((allowed) => allowed === 1);
}
