import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { copyHistogram } from '../../../../agent/instrument/encode/reading.kernel.ts';
import {
  BEGUN,
  clearExplicit,
  clearExponential,
  COUNT,
  EXPLICIT_BUCKETS,
  EXPONENTIAL_BUCKETS,
  exponentialFloats,
  LOW,
  MAX,
  MIN,
  ringSlot,
  SCALE,
  SUM,
  ZEROS,
} from '../../../../agent/instrument/metrics/layout.kernel.ts';
import { bucketIndex } from '../../../../agent/instrument/metrics/exponential.kernel.ts';
import { ExplicitBuckets } from '../../../../agent/instrument/metrics/explicit.kernel.ts';
import { ROOT } from '../../../support/tree.ts';

const AT = 3;
const READINGS = 2000;

/** Another thread that records as fast as it can until it is ended; it pauses now and then, as an application does. */
async function whileWriting(body: string, cells: Float64Array, read: () => void): Promise<void> {
  const kernels = pathToFileURL(join(ROOT, 'dist/agent/instrument/metrics/')).href;
  const worker = new Worker(
    `const { workerData: { cells, control, kernels }, parentPort } = require('node:worker_threads');
     (async () => {
       const { ExplicitBuckets } = await import(kernels + 'explicit.kernel.js');
       const buckets = new ExplicitBuckets([5, 50]);
       const { recordExponential } = await import(kernels + 'exponential.kernel.js');
       parentPort.postMessage('ready');
       for (let i = 0; Atomics.load(control, 0) === 0; i++) {
         ${body}
         for (let pause = 0; pause < (i % 64); pause++);
       }
     })();`,
    { eval: true, workerData: { cells, control: new Int32Array(new SharedArrayBuffer(4)), kernels } },
  );
  try {
    await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
    read();
  } finally {
    await worker.terminate();
  }
}

describe('copyHistogram', () => {
  it('sees count, sum and buckets of an explicit histogram together while another thread records', async () => {
    const cells = new Float64Array(new SharedArrayBuffer(8 * 64));
    clearExplicit(cells, AT, 3);
    const length = EXPLICIT_BUCKETS + 3;
    const into = new Float64Array(length);
    await whileWriting('buckets.record(cells, 3, [1, 10, 100][i % 3]);', cells, () => {
      let last = -1;
      for (let seen = 0; seen < READINGS;) {
        if (!copyHistogram(cells, AT, length, EXPLICIT_BUCKETS + 1, false, into) || into[COUNT] === last) continue;
        last = into[COUNT]!;
        seen += 1;
        const [ones, tens, hundreds] = into.subarray(EXPLICIT_BUCKETS);
        expect(ones! + tens! + hundreds!).toBe(into[COUNT]);
        expect(ones! + 10 * tens! + 100 * hundreds!).toBe(into[SUM]);
      }
    });
  });

  it('sees an exponential histogram as it is at one scale while another thread makes the scale go down', async () => {
    const size = 8;
    const cells = new Float64Array(new SharedArrayBuffer(8 * 64));
    clearExponential(cells, AT, size, false);
    const length = exponentialFloats(size, false);
    const into = new Float64Array(length);
    // From one to 2^40, again and again: each number a power of two, more of them over time.
    await whileWriting('recordExponential(cells, 3, 8, 2 ** Math.floor((i % 1000) * Math.min(1, i / 1e6) / 25));', cells, () => {
      let last = -1;
      for (let seen = 0; seen < READINGS;) {
        if (!copyHistogram(cells, AT, length, EXPONENTIAL_BUCKETS, true, into) || into[COUNT] === last) continue;
        last = into[COUNT]!;
        if (last === 0) continue;
        seen += 1;
        let total = into[ZEROS]!;
        for (let index = into[LOW]!; index <= into[LOW + 1]!; index++) {
          total += into[EXPONENTIAL_BUCKETS + ringSlot(index, into[LOW + 2]!, size)]!;
        }
        expect(total).toBe(into[COUNT]);
        expect(bucketIndex(into[MIN]!, into[SCALE]!)).toBe(into[LOW]);
        expect(bucketIndex(into[MAX]!, into[SCALE]!)).toBe(into[LOW + 1]);
      }
    });
  });

  it('gives up when a measurement never ends: a bucket without its count, a beginning without its end', () => {
    const cells = new Float64Array(64);
    clearExplicit(cells, AT, 2);
    const length = EXPLICIT_BUCKETS + 2;
    const into = new Float64Array(length);
    const copies = (begins: boolean): boolean => copyHistogram(cells, AT, length, EXPLICIT_BUCKETS + 1, begins, into);
    expect(new ExplicitBuckets([5]).record(cells, AT, 3)).toBe(0);
    expect([copies(false), copies(true)]).toEqual([true, false]);
    cells[AT + BEGUN]! += 1;
    expect(copies(true)).toBe(true);
    cells[AT + EXPLICIT_BUCKETS]! += 1;
    expect([copies(false), copies(true)]).toEqual([false, false]);
    cells[AT + COUNT]! += 1;
    expect([copies(false), copies(true)]).toEqual([true, false]);
  });
});
