import { RECORD_TYPES, SEVERITIES, type AuditRecord } from './record.ts';

/**
 * What a search needs of one segment, a column per field: times, places, and ids into lists of the scopes, clients and
 * users that occur. It answers every search without a look at the records that do not match, and is made from the
 * segment alone, so it may be lost. About 37 bytes a record.
 *
 * File: magic (8 bytes), length of the JSON head (u32 LE), head, zeros up to a multiple of 8, then the columns in the
 * order of `COLUMNS`, each `count` long, little endian, each padded to a multiple of 8.
 */
const MAGIC = 'PSCAIX01';
const COLUMNS = [
  ['times', Float64Array],
  ['items', Float64Array],
  ['events', Uint32Array],
  ['offsets', Uint32Array],
  ['scopes', Uint32Array],
  ['clients', Uint32Array],
  ['users', Uint32Array],
  ['kinds', Uint8Array],
] as const;
type ColumnName = (typeof COLUMNS)[number][0];
type Columns = Readonly<Record<ColumnName, Float64Array | Uint32Array | Uint8Array>>;

/** Lists of what occurs; id 0 stands for a record without. */
export interface Dictionaries {
  readonly scopes: readonly string[];
  readonly clients: readonly string[];
  readonly users: readonly string[];
}

export interface SegmentIndex extends Dictionaries {
  readonly count: number;
  readonly firstSeq: number;
  readonly firstMs: number;
  readonly lastMs: number;
  /** Bytes of the segment it was made from. */
  readonly byteLength: number;
  readonly columns: Columns;
}

export const kindOf = (record: Pick<AuditRecord, 'type' | 'severity'>): number =>
  RECORD_TYPES.indexOf(record.type) * SEVERITIES.length + SEVERITIES.indexOf(record.severity);
export const typeOfKind = (kind: number): string => RECORD_TYPES[Math.floor(kind / SEVERITIES.length)] ?? '';
export const severityOfKind = (kind: number): number => kind % SEVERITIES.length;

class Dictionary {
  readonly #ids = new Map<string, number>();

  idOf(text: string | undefined): number {
    if (text === undefined) return 0;
    let id = this.#ids.get(text);
    if (id === undefined) {
      id = this.#ids.size + 1;
      this.#ids.set(text, id);
    }
    return id;
  }

  get texts(): string[] {
    return [...this.#ids.keys()];
  }
}

/** Grows with the segment that is being written. */
export class IndexBuilder {
  readonly #rows: Readonly<Record<ColumnName, number[]>> = {
    times: [],
    items: [],
    events: [],
    offsets: [],
    scopes: [],
    clients: [],
    users: [],
    kinds: [],
  };
  readonly #scopes = new Dictionary();
  readonly #clients = new Dictionary();
  readonly #users = new Dictionary();
  #firstSeq = 0;
  #firstMs = Infinity;
  #lastMs = -Infinity;

  get lastMs(): number {
    return this.#lastMs;
  }

  add(record: AuditRecord, offset: number): void {
    const rows = this.#rows;
    const atMs = Date.parse(record.time);
    if (rows.times.length === 0) this.#firstSeq = record.seq;
    this.#firstMs = Math.min(this.#firstMs, record.from === undefined ? atMs : Date.parse(record.from));
    this.#lastMs = Math.max(this.#lastMs, atMs);
    rows.times.push(atMs);
    rows.items.push(record.items ?? 0);
    rows.events.push(record.events ?? 1);
    rows.offsets.push(offset);
    rows.scopes.push(this.#scopes.idOf(record.scope));
    rows.clients.push(this.#clients.idOf(record.client));
    rows.users.push(this.#users.idOf(record.user));
    rows.kinds.push(kindOf(record));
  }

  build(byteLength: number): SegmentIndex {
    const columns = Object.fromEntries(COLUMNS.map(([name, Type]) => [name, Type.from(this.#rows[name])])) as Columns;
    return {
      count: this.#rows.times.length,
      firstSeq: this.#firstSeq,
      firstMs: this.#firstMs,
      lastMs: this.#lastMs,
      byteLength,
      scopes: this.#scopes.texts,
      clients: this.#clients.texts,
      users: this.#users.texts,
      columns,
    };
  }
}

const padded = (length: number): number => Math.ceil(length / 8) * 8;

export function encodeIndex({ columns, ...head }: SegmentIndex): Buffer {
  const json = Buffer.from(JSON.stringify(head));
  const parts: Uint8Array[] = [
    Buffer.from(MAGIC),
    Buffer.alloc(4),
    json,
    Buffer.alloc(padded(12 + json.length) - 12 - json.length),
  ];
  (parts[1] as Buffer).writeUInt32LE(json.length);
  for (const [name] of COLUMNS) {
    const column = columns[name];
    parts.push(new Uint8Array(column.buffer, column.byteOffset, column.byteLength));
    parts.push(Buffer.alloc(padded(column.byteLength) - column.byteLength));
  }
  return Buffer.concat(parts);
}

/** Undefined when the bytes are no index, or one that was cut off. */
export function decodeIndex(bytes: Buffer): SegmentIndex | undefined {
  if (bytes.length < 12 || bytes.toString('latin1', 0, 8) !== MAGIC) return undefined;
  const jsonEnd = 12 + bytes.readUInt32LE(8);
  let head: Omit<SegmentIndex, 'columns'>;
  try {
    head = JSON.parse(bytes.toString('utf8', 12, jsonEnd)) as typeof head;
  } catch {
    return undefined;
  }
  const { count } = head;
  if (!Number.isSafeInteger(count) || count < 0) return undefined;
  const columns: Partial<Record<ColumnName, Columns[ColumnName]>> = {};
  let offset = padded(jsonEnd);
  for (const [name, Type] of COLUMNS) {
    const byteLength = count * Type.BYTES_PER_ELEMENT;
    if (offset + byteLength > bytes.length) return undefined;
    // A pooled Buffer may stand anywhere; typed arrays want their own alignment.
    const place = bytes.byteOffset + offset;
    const aligned = place % 8 === 0;
    const buffer = aligned ? bytes.buffer : new Uint8Array(bytes.subarray(offset, offset + byteLength)).buffer;
    columns[name] = new Type(buffer as ArrayBuffer, aligned ? place : 0, count);
    offset += padded(byteLength);
  }
  return { ...head, columns: columns as Columns };
}
