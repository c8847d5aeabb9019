import { FieldReader } from './field-reader.kernel.ts';
import type { Splices } from './splices.kernel.ts';

/**
 * One pass from a request down to its items, for processors that look at items or change them: each level is judged by a
 * visitor, what it cuts vanishes together with the messages that are left empty by it. No object per item; one look over
 * the fields of each level first, for a header may stand behind what it is the header of.
 */
export const ENTER = 0;
/** Nothing below is of interest. */
export const PASS = 1;
export const CUT = 2;

/** Depths of messages, as splices.kernel.ts counts them; a data point stands two deeper than its metric. */
export const DEPTH_GROUP = 1;
export const DEPTH_RESOURCE = 2;
export const DEPTH_LIST = 2;
export const DEPTH_ITEM = 3;
export const DEPTH_POINT = 5;

export interface Visitor {
  /** A Resource group; its Resource is known. */
  group(at: Descent): number;
  /** A ScopeMetrics, ScopeSpans or ScopeLogs; its InstrumentationScope is known. */
  list(at: Descent): number;
  /** A Metric; only for metrics. */
  metric(at: Descent): number;
  /** A data point, span or log record. ENTER and PASS are the same. */
  item(at: Descent): number;
}

/** Places are of the content of a message; -1 when the message is not there. */
export class Descent {
  bytes: Uint8Array = new Uint8Array(0);
  readonly splices: Splices;
  groupStart = 0;
  groupEnd = 0;
  resourceLength = -1;
  resourceStart = -1;
  resourceEnd = -1;
  /** Its InstrumentationScope. */
  instrumentationScopeStart = -1;
  instrumentationScopeEnd = -1;
  metricStart = -1;
  metricEnd = -1;
  /** Field number of Metric.data, 0 = none: 5 gauge, 7 sum, 9 histogram, 10 exponential histogram, 11 summary. */
  dataField = 0;
  dataStart = -1;
  dataEnd = -1;
  itemStart = -1;
  itemEnd = -1;
  /** Depth of the item in the splices. */
  itemDepth = DEPTH_ITEM;
  /** Items that were cut. */
  itemsCut = 0;
  #metrics = false;
  #visitor: Visitor | undefined;
  readonly #requests = new FieldReader();
  readonly #groups = new FieldReader();
  readonly #lists = new FieldReader();
  readonly #metricFields = new FieldReader();
  readonly #points = new FieldReader();
  readonly #headers = new FieldReader();

  constructor(splices: Splices) {
    this.splices = splices;
  }

  /** `metrics`: the request is an ExportMetricsServiceRequest, else of spans or log records. */
  run(bytes: Uint8Array, metrics: boolean, visitor: Visitor): void {
    this.bytes = bytes;
    this.#metrics = metrics;
    this.#visitor = visitor;
    this.itemsCut = 0;
    this.itemDepth = metrics ? DEPTH_POINT : DEPTH_ITEM;
    this.splices.begin(bytes.length);
    const reader = this.#requests;
    reader.begin(bytes, 0, bytes.length);
    while (reader.next()) if (reader.number === 1 && reader.wireType === 2) this.#group(reader);
  }

  #group(around: FieldReader): void {
    const { splices } = this;
    const before = splices.count;
    this.groupStart = around.valueStart;
    this.groupEnd = around.position;
    splices.enter(DEPTH_GROUP, around.lengthStart, around.valueStart, around.position);
    this.resourceStart = this.resourceEnd = this.resourceLength = -1;
    const headers = this.#headers;
    headers.begin(this.bytes, around.valueStart, around.position);
    while (headers.next()) {
      if (headers.number !== 1 || headers.wireType !== 2) continue;
      this.resourceLength = headers.lengthStart;
      this.resourceStart = headers.valueStart;
      this.resourceEnd = headers.position;
    }
    let verdict = this.#visitor!.group(this);
    if (verdict === CUT) this.itemsCut += this.#countGroup(around.valueStart, around.position);
    else if (verdict === ENTER) {
      let left = 0;
      let cut = false;
      const reader = this.#groups;
      reader.begin(this.bytes, around.valueStart, around.position);
      while (reader.next()) {
        if (reader.number !== 2 || reader.wireType !== 2) continue;
        if (this.#list(reader)) cut = true;
        else left += 1;
      }
      if (cut && left === 0) verdict = CUT;
    }
    if (verdict === CUT) this.#cutMessage(before, DEPTH_GROUP, around);
  }

  #cutMessage(before: number, depth: number, around: FieldReader): void {
    this.splices.rewind(before, depth);
    this.splices.cut(depth - 1, around.start, around.position);
  }

  /** True when it was cut. */
  #list(around: FieldReader): boolean {
    const { splices } = this;
    const before = splices.count;
    splices.enter(DEPTH_LIST, around.lengthStart, around.valueStart, around.position);
    this.instrumentationScopeStart = this.instrumentationScopeEnd = -1;
    const headers = this.#headers;
    headers.begin(this.bytes, around.valueStart, around.position);
    while (headers.next()) {
      if (headers.number !== 1 || headers.wireType !== 2) continue;
      this.instrumentationScopeStart = headers.valueStart;
      this.instrumentationScopeEnd = headers.position;
    }
    let verdict = this.#visitor!.list(this);
    if (verdict === CUT) this.itemsCut += this.#countList(around.valueStart, around.position);
    else if (verdict === ENTER) {
      let left = 0;
      let cut = false;
      const reader = this.#lists;
      reader.begin(this.bytes, around.valueStart, around.position);
      while (reader.next()) {
        if (reader.number !== 2 || reader.wireType !== 2) continue;
        if (this.#metrics ? this.#metric(reader) : this.#item(reader, DEPTH_ITEM)) cut = true;
        else left += 1;
      }
      if (cut && left === 0) verdict = CUT;
    }
    if (verdict === CUT) this.#cutMessage(before, DEPTH_LIST, around);
    return verdict === CUT;
  }

  #metric(around: FieldReader): boolean {
    const { splices } = this;
    const before = splices.count;
    splices.enter(DEPTH_ITEM, around.lengthStart, around.valueStart, around.position);
    this.metricStart = around.valueStart;
    this.metricEnd = around.position;
    this.dataField = 0;
    const data = this.#metricFields;
    data.begin(this.bytes, around.valueStart, around.position);
    while (data.next()) {
      if (data.wireType !== 2 || !isData(data.number)) continue;
      this.dataField = data.number;
      this.dataStart = data.valueStart;
      this.dataEnd = data.position;
      splices.enter(DEPTH_ITEM + 1, data.lengthStart, data.valueStart, data.position);
    }
    let verdict = this.#visitor!.metric(this);
    if (verdict === CUT) this.itemsCut += this.#countMetric(around.valueStart, around.position);
    else if (verdict === ENTER && this.dataField !== 0) {
      let left = 0;
      let cut = false;
      const reader = this.#points;
      reader.begin(this.bytes, this.dataStart, this.dataEnd);
      while (reader.next()) {
        if (reader.number !== 1 || reader.wireType !== 2) continue;
        if (this.#item(reader, DEPTH_POINT)) cut = true;
        else left += 1;
      }
      if (cut && left === 0) verdict = CUT;
    }
    if (verdict === CUT) this.#cutMessage(before, DEPTH_ITEM, around);
    return verdict === CUT;
  }

  #item(around: FieldReader, depth: number): boolean {
    const before = this.splices.count;
    this.splices.enter(depth, around.lengthStart, around.valueStart, around.position);
    this.itemStart = around.valueStart;
    this.itemEnd = around.position;
    if (this.#visitor!.item(this) !== CUT) return false;
    this.itemsCut += 1;
    this.#cutMessage(before, depth, around);
    return true;
  }

  #countGroup(start: number, end: number): number {
    let items = 0;
    const reader = this.#groups;
    reader.begin(this.bytes, start, end);
    while (reader.next())
      if (reader.number === 2 && reader.wireType === 2) items += this.#countList(reader.valueStart, reader.position);
    return items;
  }

  #countList(start: number, end: number): number {
    let items = 0;
    const reader = this.#lists;
    reader.begin(this.bytes, start, end);
    while (reader.next()) {
      if (reader.number !== 2 || reader.wireType !== 2) continue;
      items += this.#metrics ? this.#countMetric(reader.valueStart, reader.position) : 1;
    }
    return items;
  }

  #countMetric(start: number, end: number): number {
    let items = 0;
    const reader = this.#metricFields;
    reader.begin(this.bytes, start, end);
    while (reader.next()) {
      if (reader.wireType !== 2 || !isData(reader.number)) continue;
      const points = this.#points;
      points.begin(this.bytes, reader.valueStart, reader.position);
      while (points.next()) if (points.number === 1 && points.wireType === 2) items += 1;
    }
    return items;
  }
}

const isData = (field: number): boolean => field === 5 || field === 7 || (field >= 9 && field <= 11);
