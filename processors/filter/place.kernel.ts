import type { Descent } from '../../pipeline/otlp/descent.kernel.ts';
import { FieldReader } from '../../pipeline/otlp/field-reader.kernel.ts';

/**
 * Where a condition is asked: the messages around, as the descent knows them, and the message that a getter has found
 * last. One for a processor; nothing is made per item.
 */
export class Place {
  readonly descent: Descent;
  eventStart = -1;
  eventEnd = -1;
  eventIndex = 0;
  /** The message at hand; start -1 = it is not there. */
  start = -1;
  end = -1;
  /** '' or why the condition under way has no answer. */
  fault = '';
  readonly #reader = new FieldReader();

  constructor(descent: Descent) {
    this.descent = descent;
  }

  be(start: number, end: number): void {
    this.start = start;
    this.end = end;
  }

  /** From the message at hand to the one in its field `field`. */
  enter(field: number): void {
    if (this.start < 0) return;
    const reader = this.#reader;
    reader.begin(this.descent.bytes, this.start, this.end);
    while (reader.next()) {
      if (reader.number !== field || reader.wireType !== 2) continue;
      this.be(reader.valueStart, reader.position);
      return;
    }
    this.be(-1, -1);
  }
}
