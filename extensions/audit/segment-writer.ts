import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { seal, type ChainEnd, type SealedRecord } from './chain.ts';
import { checkpointLine, readCheckpoint, type Signer } from './checkpoint.ts';
import { writeAt, type Disk, type DiskFile } from './disk.ts';
import type { Draft } from './record.ts';
import { checkpointText, recover, type Continuation } from './recovery.ts';
import { expired, type Retention } from './retention.ts';
import { handOver, readRotation, rotationLine } from './rotation.ts';
import { CHECKPOINTS, headerDraft, indexPath, segmentPath } from './segment.ts';
import { encodeIndex, IndexBuilder } from './segment-index.ts';

export interface WriterLimits extends Retention {
  readonly max_segment_size: number;
}

export interface WriterContext {
  readonly signer: Signer;
  readonly disk: Disk;
}

/**
 * Where the chain grows. `append` either has all its records on the disk or leaves the chain where it was; the next attempt
 * then writes over what the failed one left. Calls of `append` do not overlap.
 */
export class SegmentWriter {
  readonly #folder: string;
  readonly #context: WriterContext;
  readonly #stream: string;
  #segment: number;
  #byteLength: number;
  #end: ChainEnd;
  #index: IndexBuilder;
  #file: DiskFile | undefined;
  #checkpointedSeq = -1;
  #checkpointsTorn: boolean;
  /** Changes of the checkpoint file, one after the other. */
  #checkpoints: Promise<unknown> = Promise.resolve();

  private constructor(folder: string, context: WriterContext, from: Continuation, stream: string) {
    this.#folder = folder;
    this.#context = context;
    this.#stream = stream;
    this.#segment = from.segment;
    this.#byteLength = from.byteLength;
    this.#end = from.end;
    this.#index = from.index;
    this.#checkpointsTorn = from.checkpointsTorn;
  }

  static async open(
    folder: string,
    context: WriterContext,
    newStream: () => string,
  ): Promise<{ readonly writer: SegmentWriter; readonly findings: Continuation['findings'] }> {
    const from = await recover(folder);
    return { writer: new SegmentWriter(folder, context, from, from.stream ?? newStream()), findings: from.findings };
  }

  /** Number of the last record on the disk; -1 = there is none. */
  get lastSeq(): number {
    return this.#end.seq;
  }

  /** Writes the first of `drafts`, as many as the segment holds but one at least. Returns how many. */
  async append(drafts: readonly Draft[], nowMs: number, limits: WriterLimits): Promise<number> {
    let own: Draft[] = [];
    let expiredThrough: number | undefined;
    let records = this.#seal(drafts, limits.max_segment_size - this.#byteLength);
    if (records.length === 0 && this.#byteLength > 0) await this.#closeSegment(nowMs);
    if (this.#byteLength === 0) {
      const header = { segment: this.#segment, stream: this.#stream, previous: this.#end.hash, key: this.#context.signer.key };
      const deletion = await expired(this.#folder, this.#context.disk, this.#segment, nowMs, limits);
      expiredThrough = deletion?.through;
      own = [headerDraft(header, nowMs), ...(deletion === undefined ? [] : [deletion.draft])];
      records = this.#seal([...own, ...drafts], limits.max_segment_size, own.length + 1);
    }
    await this.#write(records);
    let offset = this.#byteLength;
    for (const { record, line, end } of records) {
      this.#index.add(record, offset);
      offset += line.length;
      this.#end = end;
    }
    this.#byteLength = offset;
    if (expiredThrough !== undefined) await this.#delete(expiredThrough);
    return records.length - own.length;
  }

  /** Signs the end of the chain, if it has grown since the last time. */
  async checkpoint(nowMs: number): Promise<void> {
    const { seq, hash } = this.#end;
    if (seq <= this.#checkpointedSeq) return;
    const time = new Date(nowMs).toISOString();
    const checkpoint = this.#context.signer.sign({ stream: this.#stream, segment: this.#segment, seq, hash, time });
    await this.#addLine(checkpointLine(checkpoint));
    this.#checkpointedSeq = Math.max(this.#checkpointedSeq, seq);
  }

  /** The last thing that the signing key signs: from here on `to` does. */
  async handOver(from: KeyObject, to: KeyObject, nowMs: number): Promise<void> {
    const place = { stream: this.#stream, segment: this.#segment, ...this.#end, time: new Date(nowMs).toISOString() };
    await this.#addLine(rotationLine(handOver(place, from, to)));
    await this.#context.disk.syncFolder(this.#folder);
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
    await this.#checkpoints.catch(() => undefined);
  }

  async #addLine(line: string): Promise<void> {
    const bytes = Buffer.from(`${this.#checkpointsTorn ? '\n' : ''}${line}`);
    // One that was cut off now is none; whatever comes next begins on a line of its own.
    this.#checkpointsTorn = true;
    await this.#inTurn(() => this.#context.disk.append(join(this.#folder, CHECKPOINTS), bytes));
    this.#checkpointsTorn = false;
  }

  /** As many as fit into `bytesMax`, but `least` of them. */
  #seal(drafts: readonly Draft[], bytesMax: number, least = 0): SealedRecord[] {
    const records: SealedRecord[] = [];
    let end = this.#end;
    let byteLength = 0;
    for (const draft of drafts) {
      const sealed = seal(draft, end);
      byteLength += sealed.line.length;
      if (byteLength > bytesMax && records.length >= least) break;
      records.push(sealed);
      end = sealed.end;
    }
    return records;
  }

  async #write(records: readonly SealedRecord[]): Promise<void> {
    const { disk } = this.#context;
    const isNew = this.#byteLength === 0;
    this.#file ??= await disk.open(segmentPath(this.#folder, this.#segment));
    await writeAt(this.#file, Buffer.concat(records.map(({ line }) => line)), this.#byteLength);
    await this.#file.datasync();
    if (isNew) await disk.syncFolder(this.#folder);
  }

  /** The full segment gets its index and a checkpoint, and the next one begins. Each step may be repeated. */
  async #closeSegment(nowMs: number): Promise<void> {
    await this.#context.disk.replace(indexPath(this.#folder, this.#segment), encodeIndex(this.#index.build(this.#byteLength)));
    await this.checkpoint(nowMs);
    const file = this.#file;
    this.#file = undefined;
    this.#segment += 1;
    this.#byteLength = 0;
    this.#index = new IndexBuilder();
    await file?.close();
  }

  /** What a record on the disk says is deleted. What cannot be deleted now is found again at the next segment. */
  async #delete(through: number): Promise<void> {
    const { disk } = this.#context;
    for (let segment = through; segment > 0; segment--) {
      const path = segmentPath(this.#folder, segment);
      if (
        !(await disk.stat(path).then(
          () => true,
          () => false,
        ))
      )
        break;
      await disk.remove(path).catch(() => undefined);
      await disk.remove(indexPath(this.#folder, segment)).catch(() => undefined);
    }
    const prune = async (): Promise<void> => {
      // Rotations stay: without them nobody knows the key.
      const kept = (await checkpointText(this.#folder))
        .split('\n')
        .filter((line) => readRotation(line) !== undefined || (readCheckpoint(line)?.segment ?? 0) > through);
      await disk.replace(join(this.#folder, CHECKPOINTS), Buffer.from(kept.map((line) => `${line}\n`).join('')));
    };
    await this.#inTurn(prune).catch(() => undefined);
  }

  #inTurn(task: () => Promise<void>): Promise<void> {
    const result = this.#checkpoints.then(task);
    this.#checkpoints = result.catch(() => undefined);
    return result;
  }
}
