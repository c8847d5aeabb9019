import type { Origin } from '../../pipeline/batch/batch.ts';
import type { Context, Intake, Receiver, Refusal } from '../../pipeline/component.ts';
import type { Ingested, IngestPoint, IngestSender } from '../../pipeline/ingest.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import { judgePerfMetric, type PerfMetric } from '../../pipeline/perf/record.ts';
import { judgeProperties } from '../../pipeline/scope/properties.ts';
import { type Binding, bindingOfListener, bindingOfPrincipal } from '../../pipeline/scope/binding.ts';
import type { MasterPerfConfig } from './config.ts';
import { refusal, RowDelivery, type BroughtRow } from './delivery.ts';
import { OwnRows } from './own-rows.ts';

/** The name under which the API finds it. */
const POINT = 'master_perf';

export function create(config: MasterPerfConfig, context: Context): Receiver {
  const { clock, host } = context;
  let close: (() => void) | undefined;
  let cancel: (() => void) | undefined;
  const underWay = new Set<Promise<unknown>>();

  const track = <T>(work: Promise<T>): Promise<T> => {
    underWay.add(work);
    void work.finally(() => underWay.delete(work));
    return work;
  };

  const collect = (own: OwnRows, delivery: RowDelivery, origin: Origin): void => {
    const { rows } = judged(own.collect(), config, clock.now());
    if (rows.length > 0) void track(delivery.deliver(rows, origin));
    cancel = clock.after(config.collection_interval, () => collect(own, delivery, origin));
  };

  return {
    async start(intake: Intake) {
      const delivery = new RowDelivery(intake, context, config.service_name);
      const point: IngestPoint = {
        take: (values, sender) => track(take(values, sender, { config, context, delivery, ofProcess: intake.binding })),
      };
      close = host.ingest.open(POINT, point);
      if (config.collection_interval === 0 || config.sources.length === 0) return;
      const binding = bindingOfListener({ scope: config.scope, local: true }, intake.binding);
      const origin: Origin = { receiver: context.id, transport: 'http', binding };
      const own = new OwnRows(config.sources, context);
      cancel = clock.after(0, () => collect(own, delivery, origin));
    },
    async stop() {
      close?.();
      cancel?.();
      await Promise.all(underWay);
    },
  };
}

interface Taker {
  readonly config: MasterPerfConfig;
  readonly context: Context;
  readonly delivery: RowDelivery;
  readonly ofProcess: Binding;
}

async function take(
  values: readonly unknown[],
  { principal, chosen, remoteAddress }: IngestSender,
  { config, context, delivery, ofProcess }: Taker,
): Promise<Ingested | Refusal> {
  const binding = bindingOfPrincipal(principal, config.scope, chosen, ofProcess);
  if ('ok' in binding) return binding;
  if (values.length > LIMITS.perfRows)
    return refusal('BODY_TOO_LARGE', `cannot take ${values.length} rows at once: ${LIMITS.perfRows} are the most`);
  const { rows, faults } = judged(values, config, context.clock.now());
  const origin: Origin = { receiver: context.id, transport: 'http', binding, user: principal.subject, head: { remoteAddress } };
  if (rows.length === 0) return { ok: true, accepted: 0, rejected: faults };
  const outcome = await delivery.deliver(rows, origin);
  return outcome.ok ? { ...outcome, rejected: [...faults, ...outcome.rejected] } : outcome;
}

function judged(
  values: readonly unknown[],
  { mode }: MasterPerfConfig,
  nowMs: number,
): { rows: BroughtRow[]; faults: Ingested['rejected'][number][] } {
  const rows: BroughtRow[] = [];
  const faults: Ingested['rejected'][number][] = [];
  const now = BigInt(nowMs) * 1_000_000n;
  for (const [index, value] of values.entries()) {
    const verdict = judgePerfMetric(value as PerfMetric, now, (properties) => judgeProperties(properties, { mode }));
    if (verdict.ok) rows.push({ index, row: verdict.row });
    else faults.push({ rows: [index], items: 1, reason: 'invalid', message: verdict.message });
  }
  return { rows, faults };
}
