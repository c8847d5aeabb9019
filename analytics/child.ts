import { readFileSync, writeFileSync } from 'node:fs';
import { Socket, type ConnectOpts, type SocketConstructorOpts } from 'node:net';
import { availableParallelism } from 'node:os';
import type { WindowBounds } from '../pipeline/analytics.ts';
import { systemClock } from '../pipeline/clock.ts';
import { LIMITS } from '../pipeline/limits.ts';
import type { OpenWindow } from './scope-stores.ts';
import { yieldPoolThreads } from './query-threads.ts';
import { AnalyticsService, type Mouth } from './service.ts';
import { FrameMemory } from './wire/frame-memory.ts';
import { frameHead, PIPE_FD } from './wire/frames.ts';
import type { AppendHead, Order, ReplyHead, Report } from './wire/messages.ts';

/** A process without a parent has nobody to answer, and holds the data of tenants. Nothing that runs in DuckDB delays it. */
const die = (): void => void process.kill(process.pid, 'SIGKILL');

/**
 * Makes this process the analytics process of its parent: bounds come first over IPC, then appends on the pipe and
 * queries over IPC. It ends by `stop`, or when its parent does, however that ends.
 */
export function serve(openWindow: OpenWindow): void {
  let service: AnalyticsService | undefined;
  // Nothing comes before this process has said that it is ready.
  const memory = new FrameMemory((head, bytes) => service?.append(head as AppendHead, bytes));
  const callback = (bytes: number): boolean => {
    memory.filled(bytes);
    return true;
  };
  const onread = { buffer: () => memory.room(), callback };
  const options: SocketConstructorOpts & ConnectOpts = { fd: PIPE_FD, readable: true, writable: true, onread };
  const pipe = new Socket(options);
  process.title = 'periscope analytics';
  process.on('disconnect', die);
  pipe.on('close', die);
  pipe.on('error', die);
  // A terminal and a service manager tell every process of the group; the parent decides.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => {});
  preferForKilling();
  const mouth: Mouth = {
    reply: (head: ReplyHead, body = new Uint8Array(0)) => {
      pipe.cork();
      pipe.write(frameHead(head, body.length));
      if (body.length > 0) pipe.write(body);
      pipe.uncork();
    },
    report: (report: Report) => void (process.connected && process.send?.(report)),
    pause: (paused) => void (paused ? pipe.pause() : pipe.resume()),
  };
  const threads = Math.max(1, Math.min(LIMITS.duckdbThreads, availableParallelism()));
  const open = async (bounds: WindowBounds): Promise<void> => {
    const rss = (): number => process.memoryUsage.rss();
    const options = { openWindow, threads, clock: systemClock, rss, isBounded: isBounded() };
    service = await AnalyticsService.open(options, mouth, bounds);
    // Before a scope's database, whose threads are as nice as the one that starts them; its own start nothing shall delay.
    await yieldPoolThreads(LIMITS.analyticsPoolThreads, LIMITS.queryNiceness);
    mouth.report({ type: 'ready' });
  };
  const stop = async (): Promise<void> => {
    await service?.stop();
    process.exit(0);
  };
  let begun = false;
  process.on('message', (order: Order) => {
    if (order.type === 'stop') void stop();
    else if (begun) service?.order(order);
    else if (order.type === 'bounds') {
      begun = true;
      open(order.bounds).catch((error: unknown) => {
        process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
        process.exit(1);
      });
    }
  });
}

/** Of what it may write to, as its parent has asked: only Linux does that. */
function isBounded(): boolean {
  try {
    return /^Max data size\s+\d/m.test(readFileSync('/proc/self/limits', 'utf8'));
  } catch {
    return false;
  }
}

/** Where memory runs out for all, the collector is what must live. */
function preferForKilling(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '500');
  } catch {
    // Not Linux, or not allowed: then the kernel chooses by size.
  }
}
