/** Texts that edits put in, in one growing buffer; places stay valid while it grows. */
export class Scratch {
  bytes: Uint8Array = new Uint8Array(256);
  #length = 0;

  /** Returns where `text` stands from now on. */
  add(text: Uint8Array): number {
    const at = this.#length;
    const length = at + text.length;
    if (length > this.bytes.length) {
      const grown = new Uint8Array(Math.max(this.bytes.length * 2, length));
      grown.set(this.bytes.subarray(0, at));
      this.bytes = grown;
    }
    this.bytes.set(text, at);
    this.#length = length;
    return at;
  }
}
