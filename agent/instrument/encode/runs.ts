import { GrowingBuffer } from '../../../pipeline/otlp/growing-buffer.ts';
import type { ExemplarRecord, InstrumentRecord, SeriesRecord } from '../metrics/contract.ts';
import { BYTES, DATA_FIELDS } from './fields.ts';
import type { Moment } from './point-image.ts';

/** Points that stand one behind the other in memory, and go into the same request. */
export interface Run {
  readonly points: Points;
  readonly source: { peek(): Uint8Array };
  readonly from: number;
  to: number;
  /** First series, and the one behind the last. */
  readonly first: number;
  end: number;
}

/** The series of one metric, each by its place. */
export interface Points {
  /** Told anew when its description grows. */
  instrument: InstrumentRecord;
  readonly delta: boolean;
  /** Returns its place. */
  add(series: SeriesRecord, cells: Float64Array): number;
  setExemplars(place: number, exemplars: readonly ExemplarRecord[]): void;
  /** Reads the cells; each point that is to leave goes to `runs`. */
  read(now: Moment, runs: Runs): void;
  /** What was read last of these series has arrived. */
  commit(first: number, end: number, now: Moment): void;
}

/** Runs are cut here, and at a part of a request, so that requests can be filled well. */
const RUN_BYTES = 32 * 1024;
const RUNS_PER_REQUEST = 4;

/** What one collection found. Points of fixed size stay where they are; others are written to `scratch`. */
export class Runs {
  readonly list: Run[] = [];
  readonly scratch = new GrowingBuffer();
  #last: Run | undefined;
  #runBytes = RUN_BYTES;

  /** For requests of at most `maxBytes`. */
  begin(maxBytes: number): void {
    this.#runBytes = Math.min(RUN_BYTES, maxBytes / RUNS_PER_REQUEST);
    this.list.length = 0;
    this.#last = undefined;
    this.scratch.clear();
  }

  /** The point of series `place`. */
  add(points: Points, source: Run['source'], from: number, to: number, place: number): void {
    const last = this.#last;
    if (
      last !== undefined &&
      last.points === points &&
      last.source === source &&
      last.to === from &&
      last.end === place &&
      to - last.from <= this.#runBytes
    ) {
      last.to = to;
      last.end = place + 1;
      return;
    }
    this.#last = { points, source, from, to, first: place, end: place + 1 };
    this.list.push(this.#last);
  }

  /** A point that was written elsewhere; `exemplars` are fields of it, encoded. */
  addWritten(points: Points, content: Uint8Array, exemplars: Uint8Array, place: number): void {
    const { scratch } = this;
    const from = scratch.length;
    scratch.key(DATA_FIELDS.dataPoints, BYTES);
    scratch.varint(content.length + exemplars.length);
    scratch.copy(content, 0, content.length);
    scratch.copy(exemplars, 0, exemplars.length);
    this.add(points, scratch, from, scratch.length, place);
  }
}
