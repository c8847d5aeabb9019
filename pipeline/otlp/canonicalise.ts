import type { Refusal } from '../component.ts';
import { LIMITS } from '../limits.ts';
import type { Signal } from '../signal.ts';
import { FieldCursor } from './field-cursor.kernel.ts';
import { GrowingBuffer, varintBytes } from './growing-buffer.ts';
import { REQUESTS, WIRE, type Field, type Message } from './schema.ts';
import { skipVarint } from './varint.kernel.ts';

/** A message as pairs of places in the input, [start, end, start, end, …]: protobuf merges parts by reading them in turn. */
type Parts = readonly number[];

/** What of one message's singular fields is kept, by `Field.index`. */
interface Kept {
  /** Where the occurrence begins that is written: of a message its first part, else its last occurrence. */
  readonly at: number[];
  /** Of messages only. */
  readonly parts: (number[] | undefined)[];
}

const output = new GrowingBuffer();

/**
 * Rewrites a whole request (protobuf) so that a singular field occurs at most once, with the meaning every protobuf
 * reader gives it: parts of a message are merged where the first stands, the last scalar wins, a oneof keeps its last
 * member. Repeated fields, packed or not, and unknown fields keep their bytes and their order; keys and lengths become
 * minimal. MALFORMED for broken wire format, groups, and a known field with another wire type. Never throws. One pass
 * to look, one to write, per level; what nests deeper than LIMITS.valueDepth is copied as it is, for the walk to reject.
 */
export function canonicalise(signal: Signal, bytes: Uint8Array): Uint8Array | Refusal {
  const rewriter = new Rewriter(bytes);
  const done = rewriter.message(REQUESTS[signal], [0, bytes.length], 0);
  if (done) return output.take();
  output.clear();
  const message = `cannot read the ${signal} request: not valid OTLP protobuf, ${rewriter.fault} at byte ${rewriter.faultAt}`;
  return { ok: false, code: 'MALFORMED', retryable: false, message };
}

class Rewriter {
  readonly #bytes: Uint8Array;
  fault = '';
  faultAt = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** `depth` counts the AnyValues around. */
  message(message: Message, parts: Parts, depth: number): boolean {
    const kept = this.#look(message, parts);
    if (kept === undefined) return false;
    for (let i = 0; i < parts.length; i += 2) {
      const cursor = new FieldCursor(this.#bytes, parts[i]!, parts[i + 1]!);
      while (cursor.next()) {
        const field = message.byNumber[cursor.number];
        if (field === undefined) output.copy(this.#bytes, cursor.start, cursor.position);
        else if (!this.#field(field, cursor, kept, depth)) return false;
      }
    }
    return true;
  }

  #field(field: Field, cursor: FieldCursor, kept: Kept, depth: number): boolean {
    if (!field.repeated && kept.at[field.index] !== cursor.start) return true;
    output.key(field.number, cursor.wireType);
    if (field.message !== undefined) {
      return this.#nested(field.message, kept.parts[field.index] ?? [cursor.valueStart, cursor.position], depth);
    }
    if (cursor.wireType === WIRE.bytes) output.varint(cursor.position - cursor.valueStart);
    output.copy(this.#bytes, cursor.valueStart, cursor.position);
    return true;
  }

  #nested(message: Message, parts: Parts, depth: number): boolean {
    let size = 0;
    for (let i = 0; i < parts.length; i += 2) size += parts[i + 1]! - parts[i]!;
    const lengthBytes = varintBytes(size);
    const mark = output.open(lengthBytes);
    if (depth > LIMITS.valueDepth) {
      for (let i = 0; i < parts.length; i += 2) output.copy(this.#bytes, parts[i]!, parts[i + 1]!);
    } else if (!this.message(message, parts, message.name === 'AnyValue' ? depth + 1 : depth)) {
      return false;
    }
    output.close(mark, lengthBytes);
    return true;
  }

  /** Checks one level and finds out what of it is kept; undefined when it is malformed. */
  #look(message: Message, parts: Parts): Kept | undefined {
    const kept: Kept = { at: [], parts: [] };
    for (let i = 0; i < parts.length; i += 2) {
      const cursor = new FieldCursor(this.#bytes, parts[i]!, parts[i + 1]!);
      while (cursor.next()) {
        const field = message.byNumber[cursor.number];
        if (field === undefined) continue;
        const cause = this.#judge(field, cursor);
        if (cause !== '') return this.#fail(cause, cursor.start);
        if (!field.repeated && !keep(message, field, cursor, kept)) {
          return this.#fail(`${message.name}.${field.name} occurs too often`, cursor.start);
        }
      }
      if (cursor.fault !== '') return this.#fail(cursor.fault, cursor.start);
    }
    return kept;
  }

  /** '' or what is wrong with a field's wire type or packed content. */
  #judge(field: Field, cursor: FieldCursor): string {
    if (cursor.wireType === field.wireType) return '';
    if (!field.packed || cursor.wireType !== WIRE.bytes) return `${field.name} has wire type ${cursor.wireType}`;
    let at = cursor.valueStart;
    if (field.wireType === WIRE.varint) {
      while (at >= 0 && at < cursor.position) at = skipVarint(this.#bytes, at, cursor.position);
    } else {
      at += Math.floor((cursor.position - at) / 8) * 8;
    }
    return at === cursor.position ? '' : `${field.name} is cut off`;
  }

  #fail(cause: string, at: number): undefined {
    this.fault = cause;
    this.faultAt = at;
    return undefined;
  }
}

/** Notes an occurrence of a singular field; false when its message is in more parts than LIMITS.messageParts. */
function keep(message: Message, field: Field, cursor: FieldCursor, kept: Kept): boolean {
  for (const other of message.fields) {
    // Setting one member of a oneof clears the others, and their parts with them.
    if (other === field || (field.oneofMembers & (1 << other.index)) === 0) continue;
    kept.at[other.index] = -1;
    kept.parts[other.index] = undefined;
  }
  if (field.message === undefined) {
    kept.at[field.index] = cursor.start;
    return true;
  }
  const parts = kept.parts[field.index];
  if (parts === undefined) {
    kept.at[field.index] = cursor.start;
    kept.parts[field.index] = [cursor.valueStart, cursor.position];
    return true;
  }
  parts.push(cursor.valueStart, cursor.position);
  return parts.length <= 2 * LIMITS.messageParts;
}
