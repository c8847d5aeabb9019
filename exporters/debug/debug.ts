import type { ScopedBatch } from '../../pipeline/batch/scoped-batch.ts';
import type { Context, Exporter, Outcome } from '../../pipeline/component.ts';
import type { Config } from './config.ts';
import { countsOf, TITLES } from './counts.ts';
import { detailedText } from './detailed.ts';
import { messageOf } from './message.ts';
import { normalText } from './normal.ts';
import { openOutput, type Output } from './output.ts';
import { Sampler } from './sampler.ts';

export function create(config: Config, context: Context): Exporter {
  return new DebugExporter(config, context);
}

class DebugExporter implements Exporter {
  readonly #config: Config;
  readonly #context: Context;
  readonly #sampler: Sampler;
  #outputs: readonly Output[] = [];

  constructor(config: Config, context: Context) {
    this.#config = config;
    this.#context = context;
    this.#sampler = new Sampler(config.sampling_initial, config.sampling_thereafter);
  }

  async start(): Promise<void> {
    const { verbosity, use_internal_logger, output_paths } = this.#config;
    if (verbosity === 'basic' && use_internal_logger) return;
    const outputs: Output[] = [];
    for (const path of output_paths) outputs.push(await openOutput(path));
    this.#outputs = outputs;
  }

  async send(batch: ScopedBatch, signal: AbortSignal): Promise<Outcome> {
    const nowMs = this.#context.clock.now();
    if (!this.#sampler.shows(`${batch.signal} ${batch.scope}`, nowMs)) return { ok: true };
    const counts = countsOf(batch);
    if (this.#outputs.length === 0) {
      this.#context.log.info(TITLES[batch.signal], counts);
      return { ok: true };
    }
    const fields = Object.entries(counts).map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`);
    const line = `${new Date(nowMs).toISOString()}\tinfo\t${TITLES[batch.signal]}\t{${fields.join(', ')}}\n`;
    const text = line + this.#items(batch);
    const outcomes = await Promise.all(this.#outputs.map((output) => output.write(text, signal)));
    return outcomes.find((outcome) => !outcome.ok) ?? { ok: true };
  }

  async stop(deadlineMs: number): Promise<void> {
    const outputs = this.#outputs;
    this.#outputs = [];
    await Promise.all(outputs.map((output) => output.close(deadlineMs)));
  }

  #items(batch: ScopedBatch): string {
    const { verbosity } = this.#config;
    if (verbosity === 'basic') return '';
    const request = messageOf(batch.signal, batch.segments);
    return verbosity === 'normal' ? normalText(batch.signal, request) : detailedText(batch.signal, request);
  }
}
