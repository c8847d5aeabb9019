import { FieldReader } from '../../pipeline/otlp/field-reader.kernel.ts';
import { readAttributes } from '../../pipeline/otlp/scan-dictionaries.ts';
import { Maps, StructLists, Texts, Words64, type Vector } from './vectors.ts';

/** What a scan leaves as protobuf in its heap (events, links, exemplars) as lists of structs with the exporter's members. */
type Range = readonly [heap: Uint8Array, start: number, end: number];

export const EVENTS_TYPE = 'STRUCT("Timestamp" TIMESTAMP_NS, "Name" VARCHAR, "Attributes" MAP(VARCHAR, VARCHAR))[]';
export const LINKS_TYPE =
  'STRUCT("TraceId" VARCHAR, "SpanId" VARCHAR, "TraceState" VARCHAR, "Attributes" MAP(VARCHAR, VARCHAR))[]';
export const EXEMPLARS_TYPE =
  'STRUCT("FilteredAttributes" MAP(VARCHAR, VARCHAR), "TimeUnix" TIMESTAMP_NS, "Value" DOUBLE, "SpanId" VARCHAR, "TraceId" VARCHAR)[]';

/** Reads one message after another out of a range of fields of number 1. */
abstract class MessageLists {
  protected readonly field = new FieldReader();
  protected bytes: Uint8Array = new Uint8Array(0);
  protected view: DataView = new DataView(new ArrayBuffer(0));
  readonly #messages = new FieldReader();

  protected abstract readonly lists: StructLists;
  /** The message in [start, end) of `bytes`. */
  protected abstract read(start: number, end: number): void;

  add(...[heap, start, end]: Range): void {
    let count = 0;
    if (start < end) {
      this.bytes = heap;
      this.view = new DataView(heap.buffer, heap.byteOffset, heap.length);
      const messages = this.#messages;
      messages.begin(heap, start, end);
      for (; messages.next(); count++) this.read(messages.valueStart, messages.position);
    }
    this.lists.endRow(count);
  }

  write(vector: Vector): void {
    this.lists.write(vector);
  }

  /** The KeyValue fields of this number. */
  protected attributes(number: number, start: number, end: number): [string, string][] {
    const pairs: [string, string][] = [];
    const { field } = this;
    field.begin(this.bytes, start, end);
    while (field.next()) if (field.number === number) pairs.push(...readAttributes(this.bytes, field.start, field.position));
    return pairs.length < 2 ? pairs : [...new Map(pairs)];
  }

  protected addTime(times: Words64, at: number): void {
    if (at < 0) times.add(0, 0);
    else times.addTime(this.view.getUint32(at, true), this.view.getUint32(at + 4, true));
  }

  /** In hex; '' for none. */
  protected addId(texts: Texts, start: number, end: number): void {
    const id = Buffer.from(this.bytes.buffer, this.bytes.byteOffset + start, end - start);
    texts.addText(id.some((byte) => byte !== 0) ? id.toString('hex') : '');
  }
}

export class EventLists extends MessageLists {
  readonly #times = new Words64();
  readonly #names = new Texts();
  readonly #attributes = new Maps();
  protected readonly lists = new StructLists([this.#times, this.#names, this.#attributes]);

  protected override read(start: number, end: number): void {
    const { field } = this;
    let timeAt = -1;
    let nameStart = start;
    let nameEnd = start;
    field.begin(this.bytes, start, end);
    while (field.next()) {
      if (field.number === 1) timeAt = field.valueStart;
      else if (field.number === 2) {
        nameStart = field.valueStart;
        nameEnd = field.position;
      }
    }
    this.addTime(this.#times, timeAt);
    this.#names.add(this.bytes, nameStart, nameEnd);
    this.#attributes.add(this.attributes(3, start, end));
  }
}

export class LinkLists extends MessageLists {
  readonly #traceIds = new Texts();
  readonly #spanIds = new Texts();
  readonly #traceStates = new Texts();
  readonly #attributes = new Maps();
  protected readonly lists = new StructLists([this.#traceIds, this.#spanIds, this.#traceStates, this.#attributes]);

  protected override read(start: number, end: number): void {
    const { field } = this;
    const places = new Int32Array(8).fill(start);
    field.begin(this.bytes, start, end);
    while (field.next()) {
      if (field.number > 3) continue;
      places[2 * field.number] = field.valueStart;
      places[2 * field.number + 1] = field.position;
    }
    this.addId(this.#traceIds, places[2]!, places[3]!);
    this.addId(this.#spanIds, places[4]!, places[5]!);
    this.#traceStates.add(this.bytes, places[6]!, places[7]!);
    this.#attributes.add(this.attributes(4, start, end));
  }
}

export class ExemplarLists extends MessageLists {
  readonly #attributes = new Maps();
  readonly #times = new Words64();
  readonly #values = new Words64();
  readonly #spanIds = new Texts();
  readonly #traceIds = new Texts();
  protected readonly lists = new StructLists([this.#attributes, this.#times, this.#values, this.#spanIds, this.#traceIds]);

  protected override read(start: number, end: number): void {
    const { field, view } = this;
    let timeAt = -1;
    let value = 0;
    const ids = new Int32Array(4).fill(start);
    field.begin(this.bytes, start, end);
    while (field.next()) {
      const { number, valueStart, position } = field;
      if (number === 2) timeAt = valueStart;
      else if (number === 3) value = view.getFloat64(valueStart, true);
      else if (number === 6) value = Number(view.getBigInt64(valueStart, true));
      else if (number === 4 || number === 5) {
        ids[2 * (number - 4)] = valueStart;
        ids[2 * (number - 4) + 1] = position;
      }
    }
    this.#attributes.add(this.attributes(7, start, end));
    this.addTime(this.#times, timeAt);
    this.#values.addDouble(value);
    this.addId(this.#spanIds, ids[0]!, ids[1]!);
    this.addId(this.#traceIds, ids[2]!, ids[3]!);
  }
}
