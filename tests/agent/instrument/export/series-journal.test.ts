import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JournalReader } from '../../../../agent/instrument/export/journal-reader.ts';
import { SeriesJournal } from '../../../../agent/instrument/export/series-journal.ts';
import { EXPORT_LIMITS } from '../../../../agent/instrument/limits.ts';
import type { SeriesRecord } from '../../../../agent/instrument/metrics/contract.ts';
import { METRIC_LIMITS } from '../../../../agent/instrument/metrics/limits.ts';

const id = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const attributesBytes = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 200 }) },
  { weight: 1, arbitrary: fc.integer({ min: 3000, max: 5000 }) },
  { weight: 1, arbitrary: fc.constantFrom(METRIC_LIMITS.attributeSetBytes, EXPORT_LIMITS.journalChunkBytes + 1) },
);
const anySeries: fc.Arbitrary<SeriesRecord> = fc.record({
  id,
  instrument: id,
  page: id,
  offset: id,
  startTimeNs: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  attributes: fc.tuple(attributesBytes, fc.nat(255)).map(([bytes, fill]) => new Uint8Array(bytes).fill(fill)),
});

/** Bytes as a text: thousands of them are compared at once. */
function plain(series: SeriesRecord): unknown {
  return { ...series, attributes: Buffer.from(series.attributes).toString('latin1') };
}

describe('the journal of series', () => {
  it('gives each series once and as it was written, however it is read while it grows', () => {
    const parts = fc.array(fc.array(anySeries, { maxLength: 30 }), { maxLength: 12 });
    fc.assert(
      fc.property(parts, (all) => {
        const journal = new SeriesJournal();
        const reader = new JournalReader();
        const read: unknown[] = [];
        let known = 0;
        for (const part of all) {
          for (const series of part) journal.write(series);
          // As another thread is told: the chunks that are new, and how far it may read.
          reader.add(journal.chunks.slice(known));
          known = journal.chunks.length;
          reader.read(journal.series, (series) => read.push(plain(series)));
        }
        expect(read).toEqual(all.flat().map(plain));
      }),
      { endOnFailure: true, numRuns: 60 },
    );
  });

  it('is read as far as was told, though more stands there', () => {
    const journal = new SeriesJournal();
    const one = { instrument: 0, page: 0, offset: 0, startTimeNs: 1n, attributes: new Uint8Array(5) };
    for (let each = 0; each < 3; each++) journal.write({ ...one, id: each });
    const reader = new JournalReader();
    const ids: number[] = [];
    reader.add(journal.chunks);
    for (const upTo of [2, 1, 2, 3, 3]) {
      reader.read(upTo, (series) => ids.push(series.id));
      ids.push(-1);
    }
    expect(ids).toEqual([0, 1, -1, -1, -1, 2, -1, -1]);
    expect(() => reader.read(4, () => undefined)).toThrow(/BUG/);
  });

  it('begins small and takes few chunks for many series', () => {
    const journal = new SeriesJournal();
    const series = { id: 1, instrument: 1, page: 0, offset: 0, startTimeNs: 1n, attributes: new Uint8Array(70) };
    expect(journal.chunks).toEqual([]);
    for (let n = 0; n < 10; n++) journal.write(series);
    expect(journal.chunks.map((chunk) => chunk.byteLength)).toEqual([EXPORT_LIMITS.journalFirstBytes]);
    for (let n = 10; n < 10_000; n++) journal.write(series);
    expect(journal.chunks.length).toBeLessThan(24);
  });
});
