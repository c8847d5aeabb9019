import { writeAnyValue } from '../otlp/any-value.ts';
import { equals } from '../otlp/same-bytes.kernel.ts';
import { NIL, TEXT, ValueReader } from '../otlp/value-reader.kernel.ts';
import { LIMITS } from '../limits.ts';
import { Regexp } from '../regexp/regexp.ts';
import type { ActionConfig } from './action-config.ts';
import { AttributeList, IN_SCRATCH, KEY, KEY_END, SLOT, STRIDE, VALUE, VALUE_END, WHERE } from './attribute-list.kernel.ts';
import { converted, hashed, textValue } from './converted.ts';
import { plainValue } from './plain-value.ts';
import type { ScratchBytes } from './scratch-bytes.kernel.ts';

type Metadata = Readonly<Record<string, string>> | undefined;

/** One action with its keys as numbers; -1 = none. */
interface Step {
  readonly config: ActionConfig;
  readonly slot: number;
  readonly from: number;
  readonly value: Uint8Array | undefined;
  readonly fallback: Uint8Array | undefined;
  /** Header name, lower case. */
  readonly header: string | undefined;
  readonly pattern: Regexp | undefined;
  /** Of the groups of an extract. */
  readonly targets: readonly number[];
}

export interface EditorCounts {
  /** Actions on a scope claim that were not carried out. */
  refused: number;
  /** Values too long to extract from. */
  too_long: number;
}

/**
 * Carries a list of actions out on one attribute list after another. An attribute that no action names costs a look at
 * the length of its key; what changes goes to a scratch and from there, as patches, into the rewritten request.
 */
export class AttributeEditor {
  readonly list: AttributeList;
  readonly counts: EditorCounts = { refused: 0, too_long: 0 };
  readonly #steps: readonly Step[];
  readonly #keys: Uint8Array[] = [];
  readonly #names: string[] = [];
  readonly #scratch: ScratchBytes;
  readonly #value = new ValueReader();
  /** Per slot: 1 when it claims a scope, for the batch under way. */
  #claims = new Uint8Array(0);
  #claimKeys: readonly Uint8Array[] = [];
  /** Per step: the AnyValue that the batch's metadata gives. */
  #fromContext: (Uint8Array | undefined)[] = [];

  constructor(actions: readonly ActionConfig[], scratch: ScratchBytes) {
    this.#scratch = scratch;
    this.#steps = actions.map((config) => this.#step(config));
    this.list = new AttributeList(
      this.#keys,
      this.#steps.some(({ config, pattern }) => pattern !== undefined && config.action !== 'extract'),
      scratch,
    );
  }

  #step(config: ActionConfig): Step {
    const pattern = config.pattern === '' ? undefined : new Regexp(config.pattern);
    const { value, default_value: fallback, from_context: from } = config;
    return {
      config,
      slot: config.key === '' ? -1 : this.#slot(config.key),
      from: config.from_attribute === '' ? -1 : this.#slot(config.from_attribute),
      value: value === undefined ? undefined : writeAnyValue(plainValue(value)),
      fallback: fallback === undefined ? undefined : writeAnyValue(plainValue(fallback)),
      header: from === '' ? undefined : from.replace(/^metadata\./, '').toLowerCase(),
      pattern,
      targets: config.action === 'extract' ? pattern!.names.map((name) => this.#slot(name)) : [],
    };
  }

  #slot(key: string): number {
    const known = this.#names.indexOf(key);
    if (known >= 0) return known;
    this.#keys.push(Buffer.from(key));
    return this.#names.push(key) - 1;
  }

  /** What holds for a whole batch: which keys are claims, and what its requests' metadata says. */
  begin(claimKeys: readonly Uint8Array[], metadata: Metadata): void {
    if (this.#claimKeys !== claimKeys || this.#claims.length !== this.#keys.length) {
      this.#claimKeys = claimKeys;
      this.#claims = Uint8Array.from(this.#keys, (key) => (this.#isClaim(key, 0, key.length) ? 1 : 0));
    }
    this.#fromContext = this.#steps.map(({ header }) => {
      const value = header === undefined ? undefined : metadata?.[header];
      return value === undefined ? undefined : textValue(value);
    });
  }

  #isClaim(bytes: Uint8Array, start: number, end: number): boolean {
    for (const key of this.#claimKeys) if (equals(bytes, start, end, key)) return true;
    return false;
  }

  /** Works on the attributes in field `field` of the message in [start, end); the changes stay in `list`. */
  run(bytes: Uint8Array, start: number, end: number, field: number): void {
    this.list.read(bytes, start, end, field);
    for (let at = 0; at < this.#steps.length && !this.list.full; at++) this.#carryOut(this.#steps[at]!, at);
  }

  #carryOut(step: Step, at: number): void {
    switch (step.config.action) {
      case 'insert':
        if (this.list.find(step.slot) < 0) this.#give(step, at);
        return;
      case 'update':
        if (this.list.find(step.slot) >= 0) this.#give(step, at);
        return;
      case 'upsert':
        this.#give(step, at);
        return;
      case 'delete':
        this.#each(step, (row) => this.list.removeRow(row));
        return;
      case 'hash':
        this.#each(step, (row) => this.#replace(row, hashed(this.#read(row))));
        return;
      case 'convert':
        this.#each(step, (row) => this.#convert(row, step));
        return;
      case 'extract':
        this.#extract(step);
        return;
      case 'rename':
        this.#rename(step);
    }
  }

  /** True when the key is a scope claim, which nobody may touch. */
  #refuses(slot: number): boolean {
    if (this.#claims[slot] === 0) return false;
    this.counts.refused += 1;
    return true;
  }

  #give(step: Step, at: number): void {
    const value = step.value ?? this.#fromContext[at];
    const source = value === undefined && step.from >= 0 ? this.list.find(step.from) : -1;
    const text = source >= 0 ? undefined : (value ?? step.fallback);
    if (source < 0 && text === undefined) return;
    if (this.#refuses(step.slot)) return;
    if (text === undefined) this.#copy(source, step.slot);
    else {
      const place = this.#scratch.add(text, 0, text.length);
      this.list.put(step.slot, IN_SCRATCH, place, place + text.length);
    }
  }

  #copy(row: number, slot: number): void {
    const { rows } = this.list;
    const base = row * STRIDE;
    this.list.put(slot, rows[base + WHERE]!, rows[base + VALUE]!, rows[base + VALUE_END]!);
  }

  #rename(step: Step): void {
    const row = this.list.find(step.from);
    if (row < 0 || step.slot === step.from || this.#refuses(step.slot) || this.#refuses(step.from)) return;
    this.#copy(row, step.slot);
    this.list.remove(step.from);
  }

  /** Every attribute that a step names, by its key or by its pattern. */
  #each({ slot, pattern }: Step, act: (row: number) => void): void {
    const { list } = this;
    if (slot >= 0 && list.find(slot) >= 0 && !this.#refuses(slot)) {
      for (let row = list.find(slot); row >= 0 && row < list.count; row++)
        if (list.rows[row * STRIDE + SLOT] === slot && !list.isDeleted(row)) act(row);
    }
    if (pattern === undefined) return;
    for (let row = 0; row < list.count; row++) {
      const base = row * STRIDE;
      if (list.isDeleted(row)) continue;
      const own = list.rows[base + SLOT]!;
      const keys = own < 0 ? list.bytes : this.#keys[own]!;
      const start = own < 0 ? list.rows[base + KEY]! : 0;
      const end = own < 0 ? list.rows[base + KEY_END]! : keys.length;
      if (!pattern.test(keys, start, end)) continue;
      if (this.#isClaim(keys, start, end)) this.counts.refused += 1;
      else act(row);
    }
  }

  #read(row: number): ValueReader {
    const base = row * STRIDE;
    const { rows } = this.list;
    this.#value.anyValue(this.list.source(row), rows[base + VALUE]!, rows[base + VALUE_END]!);
    return this.#value;
  }

  #replace(row: number, value: Uint8Array): void {
    const place = this.#scratch.add(value, 0, value.length);
    this.list.replace(row, IN_SCRATCH, place, place + value.length);
  }

  #convert(row: number, { config }: Step): void {
    const value = converted(this.#read(row), config.converted_type!);
    if (value !== undefined) this.#replace(row, value);
  }

  #extract({ slot, pattern, targets }: Step): void {
    const row = this.list.find(slot);
    if (row < 0) return;
    const value = this.#read(row);
    if (value.kind !== TEXT) return;
    const { bytes, start, end } = value;
    if (end - start > LIMITS.extractBytes) {
      this.counts.too_long += 1;
      return;
    }
    const places = pattern!.find(bytes, start, end);
    if (places === undefined) return;
    for (const [group, target] of targets.entries()) {
      if (this.#refuses(target)) continue;
      const from = Math.max(0, places[group * 2 + 2]!);
      const to = Math.max(0, places[group * 2 + 3]!);
      const place = this.#scratch.addSized(1, bytes, from, to);
      this.list.put(target, IN_SCRATCH, place, this.#scratch.length);
    }
    this.#value.kind = NIL;
  }
}
