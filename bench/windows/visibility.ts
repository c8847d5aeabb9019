import { setTimeout as sleep } from 'node:timers/promises';
import { LOAD_CORE, OrderedProcess } from '../ingest/pinned.ts';
import { cpuMs } from '../ingest/process-figures.ts';
import { itemsPerBody } from '../load/workload.ts';
import type { ProbeAnswer, ProbeOrder, ProbeReport } from './probe-process.ts';
import type { Figures } from './record.ts';
import { METRICS, onStage, type Stage, startLoad } from './stage.ts';

const ITEMS_PER_S = 100_000;
const PROBE_EVERY_MS = 25;
const WARM_UP_MS = 3000;

/** From the acknowledgement of a point to an answer of SQL that has it, beside 100,000 other points a second. */
export function visibility(seconds: number): Promise<{ figures: Figures; voided?: string }> {
  return onStage(async (stage) => {
    const script = new URL('probe-process.js', import.meta.url);
    const prober = new OrderedProcess<ProbeOrder, ProbeAnswer>(LOAD_CORE, script);
    const load = await startLoad(stage.system.port, METRICS, ITEMS_PER_S);
    try {
      const { system, token } = stage;
      const { port, apiPort } = system;
      await prober.ask({ type: 'prepare', options: { port, apiPort, token, everyMs: PROBE_EVERY_MS } });
      await prober.ask({ type: 'start' });
      await sleep(WARM_UP_MS);
      return await underLoad(stage, prober, load, seconds);
    } finally {
      await load.end();
      await prober.end();
    }
  });
}

async function underLoad(
  { system }: Stage,
  prober: OrderedProcess<ProbeOrder, ProbeAnswer>,
  load: Awaited<ReturnType<typeof startLoad>>,
  seconds: number,
): Promise<{ figures: Figures; voided?: string }> {
  await prober.ask({ type: 'mark' });
  const from = performance.now();
  const cpuBefore = cpuMs(system.pid);
  await sleep(seconds * 1000);
  const passedMs = performance.now() - from;
  const cpu = cpuMs(system.pid) - cpuBefore;
  // The prober first: its last points want to be seen under the same load.
  const answer = await prober.ask({ type: 'stop' });
  if (answer.type !== 'report') throw new Error('cannot read the prober: it sent no report');
  const sent = await load.stop();
  const voided = whyVoid(answer.report, Object.values(sent.refused).length > 0 || sent.unanswered > 0);
  const wholeS = (WARM_UP_MS + performance.now() - from) / 1000;
  return {
    figures: {
      visibleP50Ms: answer.report.visibleP50Ms,
      visibleP99Ms: answer.report.visibleP99Ms,
      visibleMaxMs: answer.report.visibleMaxMs,
      probeQuestionP50Ms: answer.report.questionP50Ms,
      offeredItemsPerS: (sent.bodies * itemsPerBody(METRICS)) / wholeS,
      visibilityCpuShare: (cpu / passedMs) * 100,
    },
    ...(voided === undefined ? {} : { voided }),
  };
}

function whyVoid({ probes, unseen, refused, failedQuestions }: ProbeReport, loadRefused: boolean): string | undefined {
  if (probes < 100) return `only ${probes} probes were acknowledged`;
  if (unseen > 0) return `${unseen} acknowledged points were never seen`;
  if (refused > 0) return `${refused} probes were refused`;
  if (failedQuestions > 0) return `${failedQuestions} questions were not answered`;
  return loadRefused ? 'the load was refused' : undefined;
}
