import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { Batch } from '../../pipeline/batch/batch.ts';
import { pool } from '../../pipeline/batch/pool.ts';
import { Receipt } from '../../pipeline/batch/receipt.ts';
import type { Processor } from '../../pipeline/component.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import { REQUEST_TYPES } from '../../pipeline/otlp/layout.ts';
import type { Inspection } from '../../pipeline/otlp/inspection.ts';
import { BYTES_PER_MARK, MARK_BYTES, MARKS_FREE } from '../../pipeline/otlp/marks.kernel.ts';
import { machine, rulesOf } from '../../pipeline/otlp/walk-machine.ts';
import { walk, Walk } from '../../pipeline/otlp/walk.ts';
import { bind } from '../../pipeline/scope/bind.ts';
import { DEFAULT_SCOPE_STAGE } from '../../pipeline/scope/stage.ts';
import { SIGNALS, type Signal } from '../../pipeline/signal.ts';
import { sanitize } from '../../processors/sanitize/index.ts';
import { create } from '../../processors/sanitize/sanitize.ts';
import { anyRequest, encode, gauge, logRecord, point, request, span, type Attributes } from '../support/build.ts';
import { seeded } from '../support/reference/odd-encoder.ts';
import type { Tree } from '../support/reference/otlp.ts';

/** Requests up to the largest that is taken. A property stops at its time; longer in CI; SEED replays. */
const MIB = 1024 * 1024;
const MOST = LIMITS.requestBodyBytes;
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);
const LIMIT = {
  numRuns: 40,
  interruptAfterTimeLimit: process.env['CI'] === 'true' ? 5000 : 2000,
  seed: SEED,
  endOnFailure: true,
};
const CLAIM_KEYS = DEFAULT_SCOPE_STAGE.keys.map((key) => Buffer.from(key));

/** What garbage there is, is gone: what is left somebody holds. */
function memoryHeld(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().arrayBuffers;
}

interface Through {
  readonly bytes: Buffer;
  readonly items: number;
  readonly rejected: number;
  readonly dropped: number;
  readonly marks: number;
}

function sanitizer(): { processor: Processor; inspection: Inspection } {
  const processor = create(sanitize.config.parse({}));
  const { attributes, mendsText = false } = processor.inspection ?? {};
  return { processor, inspection: { claimKeys: CLAIM_KEYS, attributes, mendsText } };
}

/** The way of a request as scope A: walk, scope stage, `sanitize`. 'refused' when it wants more marks than it may have. */
function through(signal: Signal, body: Uint8Array): Through | 'refused' {
  const { processor, inspection } = sanitizer();
  const walked = walk(signal, body, inspection);
  if (!(walked instanceof Walk)) {
    expect(walked.message).toContain('too many attributes');
    return 'refused';
  }
  const origin: Batch['origin'] = {
    receiver: 'otlp',
    transport: 'http',
    binding: { allowed: ['A'], fallback: 'A', from: 'listener' },
  };
  const { batches, rejected } = bind({ signal, walk: walked, origin }, DEFAULT_SCOPE_STAGE, new Receipt());
  const segments: Uint8Array[] = [];
  let items = 0;
  let dropped = 0;
  for (const batch of batches) {
    processor.process(
      batch,
      (out) => {
        expect(out.segments.reduce((sum, { length }) => sum + length, 0)).toBe(out.byteLength);
        segments.push(...out.segments);
        items += out.items;
      },
      (_, lost) => (dropped += lost),
    );
  }
  // A copy: the memory goes back now, and the next request writes into it.
  const bytes = Buffer.concat(segments);
  walked.lease.release(true);
  return { bytes, items, dropped, rejected: rejected.reduce((sum, each) => sum + each.items, 0), marks: walked.markCount };
}

/** Items with these attributes, and about a kilobyte more of each. */
function ordinary(signal: Signal, attributes: Attributes, resource: Attributes): Uint8Array {
  const more = { ...attributes, 'http.route': '/'.padEnd(900, 'r') };
  const items: Record<Signal, () => Tree> = {
    metrics: () => gauge('g', [point(more), point({})]),
    traces: () => span(more),
    logs: () => logRecord(more, 'a line of it'),
  };
  return encode(signal, request(signal, [{ resource, items: [items[signal]()] }]));
}

const CLEAN: Attributes = { 'http.method': 'GET', n: 7n };
/** Each of them makes a change, or a cut, somewhere in its group. */
const DIRTY: readonly (readonly [item: Attributes, resource: Attributes])[] = [
  [{ 'a key': 'x' }, { 'service.name': 's' }],
  [{ control: 'a\u0007b' }, {}],
  [{ long: 'y'.repeat(3000) }, { 'periscope.scope': 'A' }],
  [{ 'periscope.scope': 'B' }, { 'service.name': 's' }],
  [{}, { 'periscope.scope': 'B' }],
  [{ list: ['x', ['y', true]] }, { 'a resource key': 'z' }],
];

interface Part {
  readonly bytes: Uint8Array;
  readonly weight: number;
}
const alike = (...parts: Uint8Array[]): Part[] => parts.map((bytes) => ({ bytes, weight: 1 }));

/** Parts one after another until one does not fit into `bytes`, as often as they weigh, in a seeded order, and that order. */
function compose(parts: readonly Part[], bytes: number, seed: number): { body: Uint8Array; order: number[] } {
  const random = seeded(seed);
  const sum = parts.reduce((all, { weight }) => all + weight, 0);
  const body = Buffer.allocUnsafeSlow(bytes);
  const order: number[] = [];
  let length = 0;
  for (;;) {
    let at = random() * sum;
    const part = Math.max(
      0,
      parts.findIndex(({ weight }) => (at -= weight) < 0),
    );
    const { bytes: one } = parts[part]!;
    if (length + one.length > bytes) return { body: new Uint8Array(body.buffer, 0, length), order };
    body.set(one, length);
    length += one.length;
    order.push(part);
  }
}

const size = fc.oneof(
  fc.integer({ min: MIB, max: MOST }),
  fc.constantFrom(LIMITS.splicedBytes, LIMITS.walkMemoryBytes, MOST).chain((edge) => fc.integer({ min: edge - 2000, max: edge })),
);

describe(`requests of up to ${MOST / MIB} MiB (SEED=${SEED})`, () => {
  it.each(SIGNALS)('%s: a large one leaves as its parts do, one by one', { timeout: 120_000 }, (signal) => {
    const clean = ordinary(signal, CLEAN, { 'periscope.scope': 'A' });
    fc.assert(
      fc.property(anyRequest(signal), size, fc.constantFrom(1, 10, 1000), fc.nat(), (tree, bytes, rarity, seed) => {
        const [item, resource] = DIRTY[seed % DIRTY.length]!;
        const any = encode(signal, tree);
        const weighed = [
          { bytes: clean, weight: rarity },
          { bytes: ordinary(signal, item, resource), weight: 1 },
          // Of a request that keeps no item nothing is left; among others its empty groups are.
          ...((through(signal, any) as Through).items > 0 ? [{ bytes: any, weight: 1 }] : []),
        ];
        const { body, order } = compose(weighed, bytes, seed);
        const alone = weighed.map((part) => through(signal, part.bytes)) as Through[];
        const whole = through(signal, body);
        const total = (what: (part: Through) => number): number => order.reduce((sum, part) => sum + what(alone[part]!), 0);
        if (whole === 'refused') {
          expect(total(({ marks }) => marks)).toBeGreaterThan(MARKS_FREE + Math.floor(body.length / BYTES_PER_MARK));
          return;
        }
        for (const what of ['items', 'rejected', 'dropped'] as const) expect(whole[what], what).toBe(total((part) => part[what]));
        expect(whole.bytes.length).toBe(total((part) => part.bytes.length));
        let at = 0;
        for (const part of order) {
          const { bytes: want } = alone[part]!;
          if (whole.bytes.compare(want, 0, want.length, at, at + want.length) !== 0) expect.fail(`another part at byte ${at}`);
          at += want.length;
        }
      }),
      LIMIT,
    );
  });

  it.each(SIGNALS)('%s: accidents in a large one end in a walk or a refusal', { timeout: 120_000 }, (signal) => {
    const { body } = compose(alike(ordinary(signal, CLEAN, {}), ordinary(signal, { 'a key': 'x' }, {})), MOST, SEED);
    const { inspection } = sanitizer();
    const accident = fc.tuple(fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 8 }));
    const length = fc.oneof(fc.constant(body.length), fc.integer({ min: 8, max: body.length }));
    fc.assert(
      fc.property(fc.array(accident, { minLength: 1, maxLength: 4 }), length, (accidents, end) => {
        const bytes = body.slice(0, end);
        for (const [place, put] of accidents) bytes.set(put, place % (end - put.length + 1));
        const asked: number[] = [];
        const result = walk(signal, bytes, inspection, (more) => void asked.push(more));
        expect(machine.memoryBytes).toBeLessThanOrEqual(LIMITS.walkMemoryBytes);
        if (!(result instanceof Walk)) return void expect(result.code).toBe('MALFORMED');
        expect(result.lease.byteLength).toBeLessThanOrEqual(Math.max(MARKS_FREE * MARK_BYTES, ...asked));
        return result.lease.release(true);
      }),
      LIMIT,
    );
  });

  it('the memory of a walk is what was asked for, and is given up with the request', { timeout: 120_000 }, () => {
    const rules = rulesOf(sanitizer().inspection);
    const dense = encode('logs', request('logs', [{ items: [logRecord({ '/': '', '?': '', '!': '' })] }]));
    const clean = ordinary('logs', CLEAN, {});
    fc.assert(
      fc.property(size, fc.constantFrom(0, 1, 100), fc.integer({ min: 1, max: 5_000_000 }), (bytes, weight, marksMax) => {
        const parts = [
          { bytes: clean, weight: 1 },
          { bytes: dense, weight },
        ];
        const { body } = compose(parts, bytes, bytes);
        machine.run(body, REQUEST_TYPES.logs, rules, marksMax);
        const most = LIMITS.walkMemoryBytes + 1.5 * body.length + marksMax * MARK_BYTES;
        expect(machine.memoryBytes).toBeLessThanOrEqual(most);
        machine.settle();
        expect(machine.memoryBytes).toBeLessThanOrEqual(LIMITS.walkMemoryBytes);
      }),
      LIMIT,
    );
  });

  const parts = alike(ordinary('logs', CLEAN, {}), ordinary('logs', { 'a key': 'x' }, {}));

  it('large ones in a row hold no memory when they are done', { timeout: 120_000 }, async () => {
    const bodies = [256 * 1024, 8 * MIB, MOST].map((bytes) => compose(parts, bytes, bytes).body);
    for (const body of bodies) through('logs', body);
    const before = memoryHeld();
    for (let round = 0; round < 2; round++) for (const body of bodies) through('logs', body);
    // What is kept for others to use has come back from the first round: nothing is added.
    // V8 gives buffers back in a thread of its own, some time after the collection that found them free.
    await vi.waitFor(() => expect(memoryHeld() - before).toBeLessThan(MIB), { timeout: 30_000 });
    expect(machine.memoryBytes).toBeLessThanOrEqual(LIMITS.walkMemoryBytes);
  });

  it('what one has given back, the next one of its size takes', () => {
    const { body } = compose(parts, 900 * 1024, SEED);
    through('logs', body);
    const take = vi.spyOn(pool, 'take');
    const takenIn = (): unknown[] => {
      take.mockClear();
      through('logs', body);
      return take.mock.results.map(({ value }) => value as unknown);
    };
    const taken = new Set(takenIn());
    expect(taken.size).toBeGreaterThan(2);
    expect(takenIn().filter((memory) => !taken.has(memory))).toEqual([]);
    take.mockRestore();
  });
});
