import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KIND, MARK_STRIDE } from '../../../../pipeline/otlp/marks.kernel.ts';
import { walk, Walk } from '../../../../pipeline/otlp/walk.ts';
import { SIGNALS, type Signal } from '../../../../pipeline/signal.ts';
import { config } from '../../../../processors/sanitize/config.ts';
import { inspectionOf } from '../../../../processors/sanitize/inspection.ts';
import { anyRequest, encode } from '../../../support/build.ts';
import { FieldCursor } from '../../../../pipeline/otlp/field-cursor.kernel.ts';
import { wireField } from '../../../support/reference/otlp.ts';

const inspection = {
  claimKeys: [Buffer.from('periscope.scope')],
  attributes: inspectionOf(config.parse({})),
  mendsText: true,
};

/** Items, and what kinds of marks with what flags, in order; places differ between spellings. */
function findings(signal: Signal, bytes: Uint8Array): unknown {
  const walked = walk(signal, bytes, inspection);
  if (!(walked instanceof Walk)) return walked.code;
  const marks = Array.from({ length: walked.markCount }, (_, mark) => [
    walked.marks[mark * MARK_STRIDE + KIND],
    walked.roleOf(mark),
    walked.flagsOf(mark),
  ]);
  return { items: walked.items, marks };
}

/** Field numbers on the way to an item; undefined = the data of a metric, whatever its type. */
const WAY: Readonly<Record<Signal, readonly (number | undefined)[]>> = {
  metrics: [1, 2, 2, undefined, 1],
  traces: [1, 2, 2],
  logs: [1, 2, 2],
};
const DATA_OF_METRIC = new Set([5, 7, 9, 10, 11]);

/** The same request with each item's tag in two bytes: that is never gone the short way. */
function spelledOut(bytes: Uint8Array, way: readonly (number | undefined)[]): Uint8Array {
  const cursor = new FieldCursor(bytes, 0, bytes.length);
  const parts: Uint8Array[] = [];
  for (let from = 0; cursor.next(); from = cursor.position) {
    const isOnWay = way[0] === undefined ? DATA_OF_METRIC.has(cursor.number) : cursor.number === way[0];
    const content = bytes.slice(cursor.valueStart, cursor.position);
    if (!isOnWay) parts.push(bytes.slice(from, cursor.position));
    else if (way.length > 1) parts.push(wireField(cursor.number, 2, spelledOut(content, way.slice(1))));
    else parts.push(Uint8Array.from([bytes[from]! | 0x80, 0]), wireField(cursor.number, 2, content).subarray(1));
  }
  return new Uint8Array(Buffer.concat(parts));
}

test.each(SIGNALS)('the short way for items finds in %s what the long way finds', (signal) => {
  fc.assert(
    fc.property(anyRequest(signal), (tree) => {
      const bytes = encode(signal, tree);
      expect(findings(signal, bytes)).toEqual(findings(signal, spelledOut(bytes, WAY[signal])));
    }),
    { numRuns: 300, endOnFailure: true },
  );
});
