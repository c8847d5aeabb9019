/**
 * What the walk looks for besides structure, UTF-8 and counts: decided once per receiver and signal from the scope
 * stage and the `sanitize` processors behind it. A byte outside a table makes the walk leave a mark; whoever asked for
 * it judges the mark later, so clean data costs only the look.
 */
export interface Inspection {
  /** Attribute keys that carry a scope claim, UTF-8. */
  readonly claimKeys: readonly Uint8Array[];
  /** Undefined when no pipeline sanitises this signal. */
  readonly attributes: AttributeInspection | undefined;
  /** True when every pipeline of the signal mends invalid UTF-8 itself (`sanitize`, mode clean); else such items are
   *  rejected at the scope stage. */
  readonly mendsText: boolean;
  /** Some exporter compresses again and can use what the sender's compressor found. */
  readonly keepsMatches?: boolean;
}

/** The strictest of all that the `sanitize` processors behind a receiver ask for. */
export interface AttributeInspection {
  /** 256 entries, 1 = the byte may stand in a key. */
  readonly keyBytes: Uint8Array;
  /** 256 entries, 1 = the byte may stand in a string value. */
  readonly valueBytes: Uint8Array;
  readonly keyBytesMax: number;
  readonly valueBytesMax: number;
  /** The same for log bodies that are a string; 0 = no limit. */
  readonly bodyBytes: Uint8Array;
  readonly bodyBytesMax: number;
  /** Arrays and maps as attribute values get a mark. */
  readonly nested: boolean;
  /** More attributes than this on one thing get a mark. */
  readonly countMax: number;
  /** Mark every number and boolean too (mode `reject` judges them by pattern). */
  readonly scalars: boolean;
}
