import { parentPort, workerData } from 'node:worker_threads';
import { StartError } from '../../pipeline/errors.ts';
import { EmbeddedCore } from './embedded-core.ts';
import { BoundedLines } from './bounded-lines.ts';
import { watchHeap } from './heap-watch.ts';
import {
  CONTROL,
  type Answers,
  type FromThread,
  type Opened,
  type Question,
  type ThreadData,
  type ToThread,
} from './messages.ts';
import { SeamServer } from './seam-server.ts';

/** The program of the thread in which an embedded collector runs. */
async function run({ settings, maxHeapMb, control, seam }: ThreadData, port: NonNullable<typeof parentPort>): Promise<void> {
  const cells = new Int32Array(control);
  const post = (message: FromThread): void => port.postMessage(message);
  const lines = new BoundedLines(cells, CONTROL.lines, (line) => post({ type: 'line', line }));
  let claimed = (_granted: boolean): void => {};
  const early: ToThread[] = [];
  let take = (message: ToThread): void => void (message.type === 'claimed' ? claimed(message.granted) : early.push(message));
  port.on('message', (message: ToThread) => take(message));

  let core: EmbeddedCore;
  try {
    core = await EmbeddedCore.start(settings, {
      engine: 'net',
      log: (line) => lines.write(line),
      claim(directory) {
        const granted = new Promise<boolean>((resolve) => (claimed = resolve));
        post({ type: 'claim', directory });
        return granted;
      },
    });
  } catch (error) {
    const forPerson = error instanceof StartError;
    post({
      type: 'refused',
      message: forPerson || !(error instanceof Error) ? messageOf(error) : (error.stack ?? ''),
      forPerson,
    });
    port.close();
    seam.close();
    return;
  }
  const seams = new SeamServer((signal, bytes, receiver) => core.take(signal, bytes, receiver));
  seams.serve(seam);
  const opened = (): Opened => ({ urls: core.urls, signals: core.signals, shutdownTimeoutMs: core.shutdownTimeoutMs });
  const questions = new Map<number, AbortController>();
  const answer = async (id: number, question: Question): Promise<void> => {
    const abort = new AbortController();
    questions.set(id, abort);
    const told = await answerOf(core, question, abort.signal);
    questions.delete(id);
    post({ type: 'answer', id, answer: told, opened: opened() });
  };
  const stop = async (deadlineMs: number | undefined): Promise<void> => {
    await core.stop(deadlineMs);
    // Whoever was answered last hears it.
    await new Promise((resolve) => setImmediate(resolve));
    Atomics.store(cells, CONTROL.stopped, 1);
    Atomics.notify(cells, CONTROL.stopped);
    post({ type: 'stopped', ledger: core.ledger() });
    port.close();
    seams.close();
  };
  take = (message) => {
    if (message.type === 'ask') void answer(message.id, message.question);
    else if (message.type === 'cancel') questions.get(message.id)?.abort();
    else if (message.type === 'claimed') claimed(message.granted);
    else if (message.type === 'seam') seams.serve(message.seam);
    else void stop(message.deadlineMs);
  };
  watchHeap(maxHeapMb, (usedMb) => {
    // Nobody catches it: that ends the thread, and tells the application why.
    throw new Error(`the heap of the collector has ${usedMb} MB, ${maxHeapMb} are the most`);
  });
  post({ type: 'ready', ...opened() });
  for (const message of early.splice(0)) take(message);
}

function answerOf(
  core: EmbeddedCore,
  question: Question,
  signal: AbortSignal,
): Promise<Answers[keyof Answers]> | Answers[keyof Answers] {
  switch (question.type) {
    case 'sql':
      return core.sql(question.scope, question.query, signal);
    case 'status':
      return core.status();
    case 'ledger':
      return core.ledger();
    case 'reload':
      return core.reload(question.config);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

if (parentPort !== null) await run(workerData as ThreadData, parentPort);
