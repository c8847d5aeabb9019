import { setTimeout as sleep } from 'node:timers/promises';
import { LOAD_CORE, OrderedProcess } from '../ingest/pinned.ts';
import { USER_QUESTIONS } from './questions.ts';
import type { Figures } from './record.ts';
import { METRICS, onStage, type Stage, startLoad } from './stage.ts';
import type { UserAnswer, UserOrder, UserReport } from './user-process.ts';

const ITEMS_PER_S = 100_000;
const USERS = 10;
const WARM_UP_MS = 5000;
/** The users' own work is done on the generator's core, and must not be what the sender waits for. */
const USERS_NICENESS = 10;

/**
 * Latency of requests at 100,000 points a second: nobody asks, then ten users do without a pause. Collector and analytics
 * process share one core.
 */
export function askedWhileSent(seconds: number): Promise<{ figures: Figures; voided?: string }> {
  return onStage(async (stage) => {
    const script = new URL('user-process.js', import.meta.url);
    const users = new OrderedProcess<UserOrder, UserAnswer>(LOAD_CORE, script, USERS_NICENESS);
    const load = await startLoad(stage.system.port, METRICS, ITEMS_PER_S);
    try {
      await sleep(WARM_UP_MS);
      return await inTurn(stage, load, users, seconds);
    } finally {
      await load.end();
      await users.end();
    }
  });
}

async function inTurn(
  { system, token }: Stage,
  first: Awaited<ReturnType<typeof startLoad>>,
  users: OrderedProcess<UserOrder, UserAnswer>,
  seconds: number,
): Promise<{ figures: Figures; voided?: string }> {
  await first.mark();
  await sleep(seconds * 1000);
  const alone = await first.stop();
  const { apiPort } = system;
  const options = { apiPort, token, users: USERS, questions: USER_QUESTIONS, pauseMs: 0 };
  await users.ask({ type: 'prepare', options });
  const second = await startLoad(system.port, METRICS, ITEMS_PER_S);
  try {
    await users.ask({ type: 'start' });
    await sleep(WARM_UP_MS / 2);
    await second.mark();
    await sleep(seconds * 1000);
    const asked = await second.stop();
    const answer = await users.ask({ type: 'stop' });
    if (answer.type !== 'report') throw new Error('cannot read the users: they sent no report');
    const voided = whyVoid(answer.report, [alone, asked]);
    return {
      figures: {
        p99AloneMs: alone.latencyP99Ms,
        p99AskedMs: asked.latencyP99Ms,
        p99Ratio: asked.latencyP99Ms / alone.latencyP99Ms,
        userAnswersPerS: answer.report.answers / (seconds + WARM_UP_MS / 2000),
        userAnswerP50Ms: answer.report.p50Ms,
        userAnswerP99Ms: answer.report.p99Ms,
      },
      ...(voided === undefined ? {} : { voided }),
    };
  } finally {
    await second.end();
  }
}

function whyVoid(
  { answers, refused, firstProblem }: UserReport,
  sent: readonly { readonly refused: Readonly<Record<string, number>>; readonly unanswered: number }[],
): string | undefined {
  if (answers === 0) return `no user had an answer: ${firstProblem}`;
  if (Object.keys(refused).length > 0) return `users were refused: ${JSON.stringify(refused)} ${firstProblem}`;
  const lost = sent.some((one) => Object.keys(one.refused).length > 0 || one.unanswered > 0);
  return lost ? 'the load was refused' : undefined;
}
