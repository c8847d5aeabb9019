import { LogTable, SpanTable, type AnyTable } from './scan-columns.kernel.ts';
import { Place, RequestScanner } from './scan-request.kernel.ts';
import { checkAnyValue, checkMessage, EVENT, LINK } from './strict.kernel.ts';

/** Log records and spans into columns. 150 to 300 ns an item, most of it for its attributes and texts. */
export class LogsScanner extends RequestScanner {
  readonly logs = new LogTable();
  readonly tables: readonly AnyTable[] = [this.logs];
  readonly #severity = new Place();
  readonly #eventName = new Place();

  protected override item(start: number, end: number): boolean {
    const { wire, logs: table } = this;
    const { view } = wire;
    if (!table.reserve()) return this.full();
    const row = table.length;
    this.#clear(row);
    let observedAt = -1;
    let timeIsSet = false;
    let seen = 0;
    let runStart = 0;
    let runEnd = 0;
    let scattered = false;
    for (let p = start; p < end;) {
      const fieldStart = p;
      const key = wire.key(p, end);
      if (key < 0) return this.broken();
      const at = wire.at;
      p = wire.skip(key, at, end);
      if (p < 0) return this.broken();
      const field = key >>> 3;
      if (key === 50) {
        if (runEnd === 0) runStart = fieldStart;
        else if (fieldStart !== runEnd) scattered = true;
        runEnd = p;
        continue;
      }
      if (field > 12 || field === 4) continue;
      if ((seen & (1 << field)) !== 0) return this.repeated();
      seen |= 1 << field;
      if (key === 9) {
        setWords(table.time, row, view, at);
        timeIsSet = table.time[2 * row] !== 0 || table.time[2 * row + 1] !== 0;
      } else if (key === 89) observedAt = at;
      else if (!this.#field(row, key, at, p)) return false;
    }
    if (!timeIsSet && observedAt >= 0) setWords(table.time, row, view, observedAt);
    const entry = this.attributesEntry(50, start, end, runEnd === 0 ? -1 : runStart, runEnd, scattered);
    if (entry < 0) return false;
    table.attributes[row] = this.interning.attributes.setOf[entry]!;
    table.origin[row] = this.origin;
    table.severityText[row] = this.text(this.#severity);
    table.eventName[row] = this.text(this.#eventName);
    table.length = row + 1;
    return true;
  }

  /** 2 severity_number, 3 severity_text, 5 body, 7 dropped_attributes_count, 8 flags, 9 trace_id, 10 span_id, 12 event_name */
  #field(row: number, key: number, at: number, end: number): boolean {
    const { wire, logs: table } = this;
    switch (key) {
      case 16: {
        const severity = wire.varint32(at, end);
        table.severityNumber[row] = severity < 0 || severity > 255 ? 0 : severity;
        return true;
      }
      case 26:
        wire.sized(at, end);
        this.#severity.set(wire.at, end);
        return true;
      case 42:
        wire.sized(at, end);
        return this.#body(row, wire.at, end);
      case 56:
        return true;
      case 69:
        table.flags[row] = wire.view.getUint32(at, true);
        return true;
      case 74:
        wire.sized(at, end);
        return keepId(table.traceId, 4, row, wire.view, wire.at, end) || this.broken();
      case 82:
        wire.sized(at, end);
        return keepId(table.spanId, 2, row, wire.view, wire.at, end) || this.broken();
      case 98:
        wire.sized(at, end);
        this.#eventName.set(wire.at, end);
        return true;
      default:
        return this.broken();
    }
  }

  #body(row: number, start: number, end: number): boolean {
    const { wire, logs: table } = this;
    if (!this.found(checkAnyValue(wire, start, end, this.depthMax))) return false;
    let from = start;
    // Text alone, in the layout that every encoder writes: its bytes are the body.
    if (start < end && wire.bytes[start] === 10 && wire.sized(start + 1, end) === end) {
      table.bodyIsText[row] = 1;
      from = wire.at;
    }
    table.body[2 * row] = table.heapLength;
    table.keep(wire.bytes, from, end);
    table.body[2 * row + 1] = table.heapLength;
    return true;
  }

  #clear(row: number): void {
    const { logs: table } = this;
    setPair(table.time, row, 0, 0);
    setPair(table.spanId, row, 0, 0);
    setPair(table.traceId, 2 * row, 0, 0);
    setPair(table.traceId, 2 * row + 1, 0, 0);
    setPair(table.body, row, table.heapLength, table.heapLength);
    table.bodyIsText[row] = 0;
    table.severityNumber[row] = 0;
    table.flags[row] = 0;
    this.#severity.set(-1, -1);
    this.#eventName.set(-1, -1);
  }
}

export class TracesScanner extends RequestScanner {
  readonly spans = new SpanTable();
  readonly tables: readonly AnyTable[] = [this.spans];
  readonly #traceState = new Place();
  readonly #name = new Place();
  readonly #message = new Place();

  protected override item(start: number, end: number): boolean {
    const { wire, spans: table } = this;
    if (!table.reserve()) return this.full();
    const row = table.length;
    this.#clear(row);
    let endAt = -1;
    let seen = 0;
    let runStart = 0;
    let runEnd = 0;
    let scattered = false;
    let events = 0;
    let links = 0;
    for (let p = start; p < end;) {
      const fieldStart = p;
      const key = wire.key(p, end);
      if (key < 0) return this.broken();
      const at = wire.at;
      p = wire.skip(key, at, end);
      if (p < 0) return this.broken();
      if (key === 74) {
        if (runEnd === 0) runStart = fieldStart;
        else if (fieldStart !== runEnd) scattered = true;
        runEnd = p;
        continue;
      }
      if (key === 90) events += 1;
      else if (key === 106) links += 1;
      if (key === 90 || key === 106 || key >= 136) continue;
      const bit = 1 << (key >>> 3);
      if ((seen & bit) !== 0) return this.repeated();
      seen |= bit;
      if (key === 65) endAt = at;
      else if (!this.#field(row, key, at, p)) return false;
    }
    if (endAt >= 0) setDifference(table.duration, table.time, row, wire.view, endAt);
    if (!this.#keepMessages(table.events, row, 90, events, start, end)) return false;
    if (!this.#keepMessages(table.links, row, 106, links, start, end)) return false;
    const entry = this.attributesEntry(74, start, end, runEnd === 0 ? -1 : runStart, runEnd, scattered);
    if (entry < 0) return false;
    table.attributes[row] = this.interning.attributes.setOf[entry]!;
    table.origin[row] = this.origin;
    table.name[row] = this.text(this.#name);
    table.traceState[row] = this.text(this.#traceState);
    table.statusMessage[row] = this.text(this.#message);
    table.length = row + 1;
    return true;
  }

  /** 1 trace_id, 2 span_id, 3 trace_state, 4 parent_span_id, 5 name, 6 kind, 7 start, 15 status, 16 flags; 10, 12, 14 counts */
  #field(row: number, key: number, at: number, end: number): boolean {
    const { wire, spans: table } = this;
    const { view } = wire;
    if ((key & 7) === 2) wire.sized(at, end);
    switch (key) {
      case 10:
        return keepId(table.traceId, 4, row, view, wire.at, end) || this.broken();
      case 18:
        return keepId(table.spanId, 2, row, view, wire.at, end) || this.broken();
      case 26:
        this.#traceState.set(wire.at, end);
        return true;
      case 34:
        return keepId(table.parentSpanId, 2, row, view, wire.at, end) || this.broken();
      case 42:
        this.#name.set(wire.at, end);
        return true;
      case 48: {
        const kind = wire.varint32(at, end);
        table.kind[row] = kind < 0 || kind > 255 ? 0 : kind;
        return true;
      }
      case 57:
        setWords(table.time, row, view, at);
        return true;
      case 80:
      case 96:
      case 112:
        return true;
      case 122:
        return this.#status(row, wire.at, end);
      case 133:
        table.flags[row] = view.getUint32(at, true);
        return true;
      default:
        return this.broken();
    }
  }

  /** Status { string message = 2; enum code = 3 } */
  #status(row: number, start: number, end: number): boolean {
    const { wire, spans: table } = this;
    let seen = 0;
    for (let p = start; p < end;) {
      const key = wire.key(p, end);
      if (key < 0) return this.broken();
      const at = wire.at;
      p = wire.skip(key, at, end);
      if (p < 0) return this.broken();
      if (key < 16 || key >= 32) continue;
      if (key !== 18 && key !== 24) return this.broken();
      if ((seen & key & 8) !== 0 || (key === 18 && (seen & 16) !== 0)) return this.repeated();
      if (key === 18) {
        seen |= 16;
        wire.sized(at, end);
        this.#message.set(wire.at, p);
      } else {
        seen |= 8;
        const code = wire.varint32(at, end);
        table.statusCode[row] = code < 0 || code > 255 ? 0 : code;
      }
    }
    return true;
  }

  /** Keeps events or links as fields of number 1. */
  #keepMessages(ranges: Uint32Array, row: number, wanted: number, count: number, start: number, end: number): boolean {
    const { wire, spans: table } = this;
    ranges[2 * row] = table.heapLength;
    if (count > 0) {
      for (let p = start; p < end;) {
        const key = wire.key(p, end);
        const lengthAt = wire.at;
        p = wire.skip(key, lengthAt, end);
        if (key !== wanted) continue;
        wire.sized(lengthAt, end);
        if (!this.found(checkMessage(wire, wanted === 90 ? EVENT : LINK, wire.at, p, this.depthMax))) return false;
        table.room(1);
        table.heap[table.heapLength++] = 10;
        table.keep(wire.bytes, lengthAt, p);
      }
    }
    ranges[2 * row + 1] = table.heapLength;
    return true;
  }

  #clear(row: number): void {
    const { spans: table } = this;
    setPair(table.time, row, 0, 0);
    setPair(table.duration, row, 0, 0);
    setPair(table.spanId, row, 0, 0);
    setPair(table.parentSpanId, row, 0, 0);
    setPair(table.traceId, 2 * row, 0, 0);
    setPair(table.traceId, 2 * row + 1, 0, 0);
    table.kind[row] = 0;
    table.statusCode[row] = 0;
    table.flags[row] = 0;
    this.#name.set(-1, -1);
    this.#traceState.set(-1, -1);
    this.#message.set(-1, -1);
  }
}

function setPair(column: Uint32Array, at: number, first: number, second: number): void {
  column[2 * at] = first;
  column[2 * at + 1] = second;
}

function setWords(column: Uint32Array, row: number, view: DataView, at: number): void {
  setPair(column, row, view.getUint32(at, true), view.getUint32(at + 4, true));
}

/** An id of so many words; none has no bytes. False for any other length. */
function keepId(column: Uint32Array, words: number, row: number, view: DataView, start: number, end: number): boolean {
  if (start === end) return true;
  if (end - start !== 4 * words) return false;
  for (let i = 0; i < words; i++) column[words * row + i] = view.getUint32(start + 4 * i, true);
  return true;
}

/** What lies between the time of `row` and the 64 bits at `at`; 0 if that is earlier. */
function setDifference(column: Uint32Array, time: Uint32Array, row: number, view: DataView, at: number): void {
  const low = view.getUint32(at, true) - time[2 * row]!;
  const high = view.getUint32(at + 4, true) - time[2 * row + 1]! - (low < 0 ? 1 : 0);
  if (high < 0) setPair(column, row, 0, 0);
  else setPair(column, row, low, high);
}
