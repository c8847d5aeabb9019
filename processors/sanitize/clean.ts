import { depthOf, jsonText, readAnyValue, writeAnyValue, type AnyValue } from '../../pipeline/otlp/any-value.ts';
import type { Edits } from '../../pipeline/otlp/edits.ts';
import { FieldCursor } from '../../pipeline/otlp/field-cursor.kernel.ts';
import { readKeyValue, utf8 } from '../../pipeline/otlp/key-value.ts';
import { ATTRIBUTE_FIELDS } from '../../pipeline/otlp/layout.ts';
import {
  CONTENT,
  END,
  FLAG_BAD_TEXT,
  FLAG_KEY,
  FLAG_NESTED,
  FLAG_VALUE,
  KIND,
  LENGTH,
  MARK_ATTRIBUTE,
  MARK_STRIDE,
  MARK_TEXT,
  MARK_VALUE,
  PARENT,
  START,
  TYPE,
} from '../../pipeline/otlp/marks.kernel.ts';
import type { Walk } from '../../pipeline/otlp/walk.ts';
import { keyValue, sizedField } from '../../pipeline/otlp/write.ts';
import type { Config } from './config.ts';
import type { Owners, SanitizeCounts, Treat } from './sanitize.ts';
import { cleanKey, cleanText, cut, keyMatcher } from '../../pipeline/otlp/attribute-text.ts';

/** Mode clean: mends the marked text in place; the only reason to drop an item is a value that nests too deep. */
export function cleaner(config: Config, counts: SanitizeCounts): Treat {
  const isExempt = keyMatcher(config.exempt.keys);
  return (edits, mark, owners) => {
    const row = mark * MARK_STRIDE;
    const kind = edits.walk.marks[row + KIND]!;
    if (kind === MARK_TEXT) {
      edits.replace(
        mark,
        field(
          edits.walk,
          mark,
          Buffer.from(utf8(edits.walk.bytes, edits.walk.marks[row + CONTENT]!, edits.walk.marks[row + END]!)),
        ),
      );
      counts.mended += 1;
    } else if (kind === MARK_VALUE) mendBody(edits, mark, config, counts);
    else if (kind === MARK_ATTRIBUTE) return cleanAttribute(edits, mark, owners, config, isExempt, counts);
    return undefined;
  };
}

function cleanAttribute(
  edits: Edits,
  mark: number,
  owners: Owners,
  config: Config,
  isExempt: (key: string) => boolean,
  counts: SanitizeCounts,
): string | undefined {
  const { walk } = edits;
  const row = mark * MARK_STRIDE;
  const flags = walk.flagsOf(mark);
  const places = readKeyValue(walk.bytes, walk.marks[row + CONTENT]!, walk.marks[row + END]!);
  const key = utf8(walk.bytes, places.keyStart, places.keyEnd);
  const newKey = (flags & FLAG_KEY) === 0 ? key : cleanKey(key);
  if (isTaken(walk, mark, key, newKey, owners)) {
    edits.cut(mark);
    counts.collided += 1;
    return undefined;
  }
  if ((flags & (FLAG_KEY | FLAG_VALUE | FLAG_NESTED | FLAG_BAD_TEXT)) === 0) return undefined;
  let value = places.valueStart < 0 ? undefined : walk.bytes.subarray(places.valueStart, places.valueEnd);
  if (value !== undefined && (flags & (FLAG_VALUE | FLAG_NESTED | FLAG_BAD_TEXT)) !== 0) {
    const read = readAnyValue(walk.bytes, places.valueStart, places.valueEnd);
    if ((flags & FLAG_NESTED) !== 0 && config.clean.nested === 'stringify' && depthOf(read) > config.clean.nested_depth)
      return 'sanitize_too_deep';
    value = writeAnyValue(cleanValue(read, config, isExempt(newKey)));
  }
  const content = keyValue(Buffer.from(newKey), value);
  const old = walk.bytes.subarray(walk.marks[row + CONTENT]!, walk.marks[row + END]!);
  if (Buffer.compare(content, old) !== 0) {
    edits.replace(mark, field(walk, mark, content));
    counts.mended += 1;
  }
  return undefined;
}

function cleanValue(value: AnyValue, config: Config, exempt: boolean): AnyValue {
  if (value.kind === 'string') {
    return {
      kind: 'string',
      text: cleanText(value.text, exempt ? config.exempt.value_length : config.clean.value_length, exempt),
    };
  }
  if (value.kind === 'bytes') return { kind: 'bytes', bytes: value.bytes.subarray(0, config.clean.value_length) };
  if ((value.kind !== 'array' && value.kind !== 'map') || config.clean.nested === 'keep') return value;
  return { kind: 'string', text: cut(jsonText(value), Math.min(config.clean.nested_length, config.clean.value_length)) };
}

/** Reading it has mended invalid UTF-8 at any depth. */
function mendBody(edits: Edits, mark: number, config: Config, counts: SanitizeCounts): void {
  const { walk } = edits;
  const row = mark * MARK_STRIDE;
  const read = readAnyValue(walk.bytes, walk.marks[row + CONTENT]!, walk.marks[row + END]!);
  const { exempt } = config;
  const value: AnyValue =
    read.kind === 'string'
      ? {
          kind: 'string',
          text: cleanText(read.text, exempt.bodies ? exempt.body_length : config.clean.value_length, exempt.bodies),
        }
      : read;
  edits.replace(mark, field(walk, mark, writeAnyValue(value)));
  counts.mended += 1;
}

/** The field of a mark with other content: its own tag, a new length. */
function field(walk: Walk, mark: number, content: Uint8Array): Uint8Array {
  const row = mark * MARK_STRIDE;
  const tag = walk.bytes.subarray(walk.marks[row + START]!, walk.marks[row + LENGTH]!);
  const sized = sizedField(1, content).subarray(1);
  const out = new Uint8Array(tag.length + sized.length);
  out.set(tag);
  out.set(sized, tag.length);
  return out;
}

/**
 * Two keys that become one: the first stays. A key that cleaning would turn into a claim's key is taken from the start,
 * for nobody may forge a scope that way.
 */
function isTaken(walk: Walk, mark: number, key: string, newKey: string, owners: Owners): boolean {
  const changed = key !== newKey;
  const owner = walk.marks[mark * MARK_STRIDE + PARENT]!;
  let known = owners.get(owner);
  if (known === undefined) {
    if (!changed) return false;
    known = {
      all: keysBefore(walk, mark, owner),
      changed: new Set(walk.inspection.claimKeys.map((claim) => utf8(claim, 0, claim.length))),
    };
    for (const claim of known.changed) known.all.add(claim);
    owners.set(owner, known);
  }
  const taken = changed ? known.all.has(newKey) : known.changed.has(newKey) && !isClaim(walk, newKey);
  known.all.add(newKey);
  if (changed) known.changed.add(newKey);
  return taken;
}

function isClaim(walk: Walk, key: string): boolean {
  return walk.inspection.claimKeys.some((claim) => utf8(claim, 0, claim.length) === key);
}

/** Keys of the attributes that stand before the mark in its owner. None of them changes. */
function keysBefore(walk: Walk, mark: number, owner: number): Set<string> {
  const keys = new Set<string>();
  const attributes = ATTRIBUTE_FIELDS[walk.marks[mark * MARK_STRIDE + TYPE]!]!;
  const cursor = new FieldCursor(walk.bytes, walk.marks[owner * MARK_STRIDE + CONTENT]!, walk.marks[mark * MARK_STRIDE + START]!);
  while (cursor.next()) {
    if (cursor.number !== attributes) continue;
    const { keyStart, keyEnd } = readKeyValue(walk.bytes, cursor.valueStart, cursor.position);
    keys.add(utf8(walk.bytes, keyStart, keyEnd));
  }
  return keys;
}
