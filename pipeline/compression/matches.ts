/**
 * What the sender's compressor found in a request: one int32 per match (wasm/inflate.ts has the form), in memory of the
 * request's lease. Kept where an exporter compresses again: then it need not look for the same matches.
 */
export interface Matches {
  readonly tokens: Int32Array;
  /** The sender was told to be fast: another level may find much more. */
  readonly isHasty: boolean;
}

/** How a segment was made from a compressed request. */
export interface SegmentSource {
  readonly matches: Matches;
  /** Bytes of the request. */
  readonly sourceLength: number;
  /**
   * What was copied, in order: three int32 each, first byte in the request, the byte behind the last, place in the
   * segment. What lies between them in the segment was put in. Lent until the next call, of any source.
   */
  copies(): Int32Array;
}
