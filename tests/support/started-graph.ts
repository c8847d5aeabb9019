import { createHost, type CollectorHost } from '../../agent/collector/host.ts';
import { buildGraph, type Graph } from '../../pipeline/graph.ts';
import type { Plan } from '../../pipeline/plan.ts';
import { quietContext, type LogLine } from './contexts.ts';
import { ManualClock } from './manual-clock.ts';
import { planOf, receiverOf, ScriptedReceiver } from './scripted.ts';

export interface StartedGraph {
  readonly graph: Graph;
  readonly plan: Plan;
  readonly clock: ManualClock;
  readonly receiver: ScriptedReceiver;
  readonly lines: readonly LogLine[];
  readonly host: CollectorHost;
}

/** A started graph with a scripted receiver in front. */
export async function startGraph(parts: Partial<Plan> & Pick<Plan, 'exporters' | 'pipelines'>): Promise<StartedGraph> {
  const clock = new ManualClock();
  const host = createHost();
  const receiver = new ScriptedReceiver();
  const plan = planOf({ receivers: [receiverOf('scripted', receiver)], ...parts });
  const { log, lines } = quietContext(clock);
  const graph = await buildGraph(plan, host, { clock, random: () => 0.5, log });
  await graph.start();
  return { graph, plan, clock, receiver, lines, host };
}
