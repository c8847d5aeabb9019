/** The part of the WebAssembly API that is used here; it comes with the DOM's types otherwise. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Memory {
    constructor(pages: { readonly initial: number; readonly maximum: number });
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  }
  class Instance {
    constructor(module: Module, imports?: Readonly<Record<string, Readonly<Record<string, unknown>>>>);
    readonly exports: Record<string, unknown>;
  }
  /** What a trap throws. */
  class RuntimeError extends Error {}
}
