/** A first-in, first-out list: both ends in constant time, however long it gets. */
export class Fifo<Value> {
  #values: (Value | undefined)[] = [];
  #head = 0;

  get size(): number {
    return this.#values.length - this.#head;
  }

  push(value: Value): void {
    this.#values.push(value);
  }

  peek(): Value | undefined {
    return this.#values[this.#head];
  }

  shift(): Value | undefined {
    if (this.size === 0) return undefined;
    const value = this.#values[this.#head];
    this.#values[this.#head] = undefined;
    this.#head += 1;
    if (this.#head === this.#values.length) {
      this.#values = [];
      this.#head = 0;
    } else if (this.#head >= 1024 && this.#head * 2 >= this.#values.length) {
      this.#values = this.#values.slice(this.#head);
      this.#head = 0;
    }
    return value;
  }
}
