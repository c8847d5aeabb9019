import type { Origin } from '../../pipeline/batch/batch.ts';
import type { Context, Intake, Outcome } from '../../pipeline/component.ts';
import { formatByteSize } from '../../pipeline/config-types.ts';
import type { InProcessPoint } from '../../pipeline/in-process.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import { bindingOfListener } from '../../pipeline/scope/binding.ts';
import type { Signal } from '../../pipeline/signal.ts';
import type { Config, InProcessConfig } from './config.ts';
import { type Call, CallDelivery, refusal } from './delivery.ts';

const TOO_LARGE = `cannot take the request: it is over ${formatByteSize(LIMITS.requestBodyBytes)}; send smaller batches`;

/** OTLP from the application around the collector: the way of HTTP and gRPC, from the body on. */
export class OtlpInProcess implements InProcessPoint {
  readonly #intake: Intake;
  readonly #delivery: CallDelivery;
  readonly #origin: Origin;
  readonly #underWay = new Set<Promise<Outcome>>();

  constructor({ scope }: InProcessConfig, intake: Intake, context: Context) {
    this.#intake = intake;
    this.#delivery = new CallDelivery(intake, context, LIMITS.requestBodyBytes, TOO_LARGE);
    // Nobody is nearer to this process than itself: it may claim what a sender on this machine may.
    const binding = bindingOfListener({ scope, local: true }, intake.binding);
    this.#origin = { receiver: context.id, transport: 'in_process', binding };
  }

  takes(signal: Signal): boolean {
    return this.#intake.inspection(signal) !== undefined;
  }

  take(signal: Signal, bytes: Uint8Array): Promise<Outcome> | Outcome {
    const inspection = this.#intake.inspection(signal);
    if (inspection === undefined) return refusal('NOT_FOUND', `cannot take ${signal}: no pipeline of this collector does`);
    if (bytes.length > LIMITS.requestBodyBytes) return refusal('BODY_TOO_LARGE', TOO_LARGE);
    const call: Call = {
      signal,
      inspection,
      encoding: 'protobuf',
      contentEncoding: '',
      origin: this.#origin,
      admitted: undefined,
      begun: false,
    };
    const refused = this.#delivery.begin(call) ?? this.#delivery.admit(call, bytes.length);
    if (refused !== undefined) {
      this.#delivery.release(call);
      return refused;
    }
    const outcome = this.#delivery.deliver(call, bytes, (_call, decided) => told(decided));
    if (!(outcome instanceof Promise)) return outcome;
    this.#underWay.add(outcome);
    void outcome.then(() => this.#underWay.delete(outcome));
    return outcome;
  }

  /** Resolves when all that it took is answered, or at the deadline. */
  async settle(deadlineMs: number): Promise<void> {
    if (this.#underWay.size === 0) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, deadlineMs)));
    await Promise.race([Promise.all(this.#underWay), late]);
    clearTimeout(timer);
  }
}

/** What the sender may know: a rejection as the pipeline has it says more. */
function told(outcome: Outcome): Outcome {
  if (!outcome.ok) return outcome;
  const { rejected = [] } = outcome;
  if (rejected.length === 0) return { ok: true };
  return { ok: true, rejected: rejected.map(({ reason, items, message }) => ({ reason, items, message })) };
}

/**
 * How a receiver takes what the application sends: as `in_process` says, else like its listeners, so that a configuration
 * made for a collector of its own runs unchanged. Undefined where those are of different scopes: then nobody can tell as
 * whose.
 */
export function inProcessOf({ in_process: own, http, grpc }: Config['protocols']): InProcessConfig | undefined {
  if (own !== undefined) return own;
  const [first, ...others] = [http, grpc].filter((listener) => listener !== undefined);
  return others.every(({ scope }) => scope === first?.scope) ? { scope: first?.scope } : undefined;
}
