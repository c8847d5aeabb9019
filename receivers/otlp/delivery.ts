import type { Origin } from '../../pipeline/batch/batch.ts';
import { Lease } from '../../pipeline/batch/lease.ts';
import type { Context, Intake, Outcome, Refusal } from '../../pipeline/component.ts';
import { OWN_MEMORY, unpack } from '../../pipeline/compression/decompress.ts';
import type { Matches } from '../../pipeline/compression/matches.ts';
import { ERRORS, type ErrorCode } from '../../pipeline/errors.ts';
import type { Inspection } from '../../pipeline/otlp/inspection.ts';
import { jsonToProtobuf } from '../../pipeline/otlp/json-to-protobuf.ts';
import { walk, Walk } from '../../pipeline/otlp/walk.ts';
import type { Signal } from '../../pipeline/signal.ts';
import type { Encoding } from './encoding.ts';

/** One request from its head to its answer, whatever protocol brought it. */
export interface Call {
  readonly signal: Signal;
  readonly inspection: Inspection;
  readonly encoding: Encoding;
  readonly contentEncoding: string;
  readonly origin: Origin;
  /** Bytes that the intake holds for it; undefined when none are held. */
  admitted: number | undefined;
  /** The intake has let it in and is to be told of its end. */
  begun: boolean;
}

/** How much longer than JSON its protobuf may be: first as it is in practice, then the most there can be (a packed `0,`). */
const JSON_GROWTHS = [1, 4];
/** Short JSON may grow to so much at once. */
const JSON_FREE_BYTES = 4096;
/** While JSON is converted: the buffer that doubles, up to twice what is in it, and the copy that leaves it. */
const JSON_COPIES = 3;

export const INTERNAL_FAULT = 'cannot handle the request: a fault of the collector; its log says more';

export const refusal = (code: ErrorCode, message: string): Refusal => ({
  ok: false,
  code,
  retryable: ERRORS[code].retryable,
  message,
});

/** The way of a body into the pipelines, the same for HTTP and gRPC: decompress, admit what it grew to, walk, hand over. */
export class CallDelivery {
  readonly #intake: Intake;
  readonly #context: Context;
  readonly #maxBytes: number;
  readonly #tooLarge: string;

  /** `tooLarge`: how the protocol words a body that is over `maxBytes`. */
  constructor(intake: Intake, context: Context, maxBytes: number, tooLarge: string) {
    this.#intake = intake;
    this.#context = context;
    this.#maxBytes = maxBytes;
    this.#tooLarge = tooLarge;
  }

  /** Gives `body` to the pipelines and ends the call: nothing is held for it when `answer` is asked for its words. */
  deliver<C extends Call, A>(call: C, body: Uint8Array, answer: (call: C, outcome: Outcome) => A): Promise<A> | A {
    try {
      const read = this.#read(call, body);
      if (!(read instanceof Walk)) return this.#end(call, read, answer);
      if (read.items === 0) return this.#end(call, { ok: true }, answer);
      const outcome = this.#intake.next({ signal: call.signal, walk: read, origin: call.origin });
      if (!(outcome instanceof Promise)) return this.#end(call, outcome, answer);
      return outcome.then(
        (late) => this.#end(call, late, answer),
        (error: unknown) => this.#end(call, this.#bug(call, error), answer),
      );
    } catch (error) {
      return this.#end(call, this.#bug(call, error), answer);
    }
  }

  /** May the sender bring one more request? Asked before its body is read. */
  begin(call: Call): Refusal | undefined {
    const refused = this.#intake.begin(call.signal, call.origin);
    call.begun = refused === undefined;
    return refused;
  }

  /** Holds `bytes` for the call instead of what it held, when that is less. */
  admit(call: Call, bytes: number): Refusal | undefined {
    if (call.admitted !== undefined && bytes <= call.admitted) return undefined;
    this.#giveBack(call);
    const refused = this.#intake.admit(bytes);
    if (refused === undefined) call.admitted = bytes;
    return refused;
  }

  /** The end of a call, whatever it came to. Safe twice. */
  release(call: Call): void {
    this.#giveBack(call);
    if (!call.begun) return;
    call.begun = false;
    this.#intake.end(call.origin);
  }

  #giveBack(call: Call): void {
    const { admitted } = call;
    if (admitted === undefined) return;
    call.admitted = undefined;
    this.#intake.release(admitted);
  }

  #read(call: Call, body: Uint8Array): Walk | Refusal {
    const lease = new Lease();
    const read = this.#readWith(lease, call, body);
    if (read instanceof Walk) lease.hold(body.buffer);
    else lease.release(true);
    return read;
  }

  /** Body to walk: decompressed, as protobuf, with every growth admitted before more is done with it. */
  #readWith(lease: Lease, call: Call, body: Uint8Array): Walk | Refusal {
    let bytes = body;
    let matches: Matches | undefined;
    let refused = this.admit(call, bytes.length);
    if (refused !== undefined) return refused;
    if (call.contentEncoding !== '') {
      // What is not walked as it is now is needed for a moment only, and holds no memory of the request.
      const isWalked = call.encoding === 'protobuf';
      const keepsMatches = isWalked && call.inspection.keepsMatches === true;
      const unpacked = unpack(call.contentEncoding, bytes, this.#maxBytes, keepsMatches, isWalked ? lease : OWN_MEMORY);
      if (!('bytes' in unpacked)) return unpacked.code === 'BODY_TOO_LARGE' ? { ...unpacked, message: this.#tooLarge } : unpacked;
      ({ bytes, matches } = unpacked);
      refused = this.admit(call, bytes.length);
      if (refused !== undefined) return refused;
    }
    if (call.encoding === 'json') {
      const protobuf = this.#convert(call, bytes);
      if (!(protobuf instanceof Uint8Array)) return protobuf;
      bytes = protobuf;
      refused = this.admit(call, bytes.length);
      if (refused !== undefined) return refused;
    }
    const admit = (more: number): Refusal | undefined => this.admit(call, bytes.length + more);
    return walk(call.signal, plain(bytes), call.inspection, admit, { lease, matches });
  }

  /** JSON as protobuf. That is shorter where people send it; where it is not, there must be memory for what it may be. */
  #convert(call: Call, json: Uint8Array): Uint8Array | Refusal {
    for (const growth of JSON_GROWTHS) {
      const most = Math.min(this.#maxBytes, Math.max(JSON_FREE_BYTES, growth * json.length));
      const refused = this.admit(call, json.length + JSON_COPIES * most);
      if (refused !== undefined) return refused;
      const protobuf = jsonToProtobuf(call.signal, json, most);
      if (protobuf instanceof Uint8Array || protobuf.code !== 'BODY_TOO_LARGE') return protobuf;
    }
    return refusal('BODY_TOO_LARGE', this.#tooLarge);
  }

  #end<C extends Call, A>(call: C, outcome: Outcome, answer: (call: C, outcome: Outcome) => A): A {
    this.release(call);
    return answer(call, outcome);
  }

  #bug(call: Call, error: unknown): Refusal {
    const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#context.log.limited('internal', `cannot handle a ${call.signal} request: ${cause}`);
    return refusal('INTERNAL', INTERNAL_FAULT);
  }
}

/** A Buffer's `subarray` is several times slower, and two kinds of array make every loop over them slower. */
function plain(bytes: Uint8Array): Uint8Array {
  return bytes instanceof Buffer ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length) : bytes;
}
