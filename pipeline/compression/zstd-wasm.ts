import type { ZstdEngine } from './zstd.ts';

/** The part of the global that is used; Node's own types leave it to the DOM library. */
interface WasmApi {
  readonly Module: new (binary: Uint8Array) => WasmModule;
  readonly Instance: new (module: WasmModule, imports: object) => WasmInstance;
}
type WasmModule = object;
interface WasmInstance {
  readonly exports: object;
}
const { Module, Instance } = (globalThis as unknown as { WebAssembly: WasmApi }).WebAssembly;

interface Heap {
  HEAPU8: Uint8Array;
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  _compressBound(bytes: number): number;
  /** Bytes written, or -1. */
  _compress(to: number, toBytes: number, from: number, fromBytes: number, level: number): number;
  _decompress(to: number, toBytes: number, from: number, fromBytes: number): number;
}
interface Hooks {
  instantiateWasm(imports: object, received: (instance: WasmInstance) => void): object;
}
/** What emscripten made of zstd: completes the object it is given. */
export type ZstdFactory = (module: Hooks) => Promise<unknown>;

/**
 * zstd in WASM. A WASM heap only grows, so one large body would be held for ever: an instance whose heap is past
 * `heapBytesMax` after a call is dropped, and the next call makes a new one from the compiled module (0.2 ms).
 */
export class WasmZstd implements ZstdEngine {
  readonly name = 'wasm';
  readonly #factory: ZstdFactory;
  readonly #module: WasmModule;
  readonly #heapBytesMax: number;
  #heap: Heap | undefined;

  constructor(factory: ZstdFactory, binary: Uint8Array, heapBytesMax: number) {
    this.#factory = factory;
    this.#module = new Module(binary);
    this.#heapBytesMax = heapBytesMax;
  }

  /** Bytes that the instance in use holds; 0 when there is none. */
  get heapBytes(): number {
    return this.#heap?.HEAPU8.length ?? 0;
  }

  decompress(frame: Uint8Array, contentBytesMax: number): Uint8Array | undefined {
    return this.#call([frame], frame.length, contentBytesMax, (heap, to, from) =>
      heap._decompress(to, contentBytesMax, from, frame.length),
    );
  }

  compress(segments: readonly Uint8Array[], level: number): Uint8Array {
    let byteLength = 0;
    for (const segment of segments) byteLength += segment.length;
    const bound = this.#instance()._compressBound(byteLength);
    const frame = this.#call(segments, byteLength, bound, (heap, to, from) => heap._compress(to, bound, from, byteLength, level));
    if (frame === undefined) throw new Error(`cannot compress ${byteLength} bytes: zstd refused or the WASM heap is full`);
    return frame;
  }

  #call(
    input: readonly Uint8Array[],
    inputBytes: number,
    outputBytes: number,
    run: (heap: Heap, to: number, from: number) => number,
  ): Uint8Array | undefined {
    const heap = this.#instance();
    const from = heap._malloc(Math.max(inputBytes, 1));
    const to = heap._malloc(Math.max(outputBytes, 1));
    try {
      if (from === 0 || to === 0) return undefined;
      let at = from;
      for (const part of input) {
        heap.HEAPU8.set(part, at);
        at += part.length;
      }
      const written = run(heap, to, from);
      return written < 0 || written > outputBytes ? undefined : Buffer.from(heap.HEAPU8.subarray(to, to + written));
    } finally {
      heap._free(to);
      heap._free(from);
      if (heap.HEAPU8.length > this.#heapBytesMax) this.#heap = undefined;
    }
  }

  #instance(): Heap {
    if (this.#heap !== undefined) return this.#heap;
    const hooks: Hooks & Partial<Heap> = {
      // Without this hook emscripten instantiates asynchronously, and from a file it looks for itself.
      instantiateWasm: (imports, received) => {
        const instance = new Instance(this.#module, imports);
        received(instance);
        return instance.exports;
      },
    };
    void this.#factory(hooks);
    this.#heap = hooks as unknown as Heap;
    return this.#heap;
  }
}
