import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../../pipeline/limits.ts';
import type { ServerSocket } from '../../../pipeline/web-socket.ts';
import { Outbox, type Recipient } from '../../../server/stream/outbox.ts';

/** A socket whose reader takes what the test lets it take. */
class SlowSocket implements ServerSocket {
  readonly sent: string[] = [];
  bufferedBytes = 0;
  send(bytes: Uint8Array): void {
    this.sent.push(Buffer.from(bytes).toString());
    this.bufferedBytes += bytes.length;
  }
  read(bytes: number): void {
    this.bufferedBytes = Math.max(0, this.bufferedBytes - bytes);
  }
  ping(): void {}
  close(): void {}
  terminate(): void {}
}

const PAD = 40_000;
const delta = (id: string, seq: number): Uint8Array =>
  Buffer.from(`${JSON.stringify({ type: 'delta', id, seq })}${' '.repeat(PAD)}`);
const recipient = (id: string, conflates = false, catchUp = (): void => {}): Recipient => ({ id, conflates, catchUp });

interface Told {
  readonly type: string;
  readonly id: string;
  readonly seq: number;
  readonly dropped: number;
  readonly from_seq: number;
  readonly to_seq: number;
}

describe('an outbox', () => {
  it('tells of every delta, in order: it comes, or a gap says before the next that it does not; bounded all the while', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('deliver' as const), to: fc.nat(2) }),
      fc.record({ kind: fc.constant('say' as const), to: fc.nat(2) }),
      fc.record({ kind: fc.constant('read' as const), to: fc.nat(600_000) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const socket = new SlowSocket();
        const outbox = new Outbox(socket);
        const recipients = ['a', 'b', 'c'].map((id) => recipient(id));
        const seqs = [0, 0, 0];
        let said = 0;
        for (const { kind, to } of steps) {
          if (kind === 'deliver') outbox.deliver(recipients[to]!, (seqs[to]! += 1), delta('abc'[to]!, seqs[to]!), 1);
          else if (kind === 'say') outbox.send(Buffer.from(JSON.stringify({ type: 'pong', seq: (said += 1) })), false, 1);
          else {
            socket.read(to);
            outbox.flush();
          }
          expect(socket.bufferedBytes).toBeLessThan(LIMITS.streamSocketBytes + PAD + 400);
        }
        outbox.abandon();
        const told = socket.sent.map((text) => JSON.parse(text) as Told);
        for (const [at, id] of ['a', 'b', 'c'].entries()) {
          let next = 1;
          for (const message of told.filter((each) => each.id === id)) {
            if (message.type === 'gap') {
              expect([message.from_seq, message.dropped]).toEqual([next, message.to_seq - next + 1]);
              next = message.to_seq + 1;
            } else {
              expect(message.seq).toBe(next);
              next += 1;
            }
          }
          expect(next).toBe(seqs[at]! + 1);
        }
        const pongs = told.filter(({ type }) => type === 'pong').map(({ seq }) => seq);
        expect(pongs).toEqual(pongs.map((_, index) => index + 1));
        expect(outbox.dropped).toBe(told.reduce((sum, { dropped = 0 }) => sum + dropped, 0));
      }),
      { numRuns: 60, endOnFailure: true },
    );
  });

  it('where only the state counts keeps no deltas for a slow reader, and asks for a new snapshot', () => {
    const socket = new SlowSocket();
    const outbox = new Outbox(socket);
    let asked = 0;
    const state = recipient('s', true, () => (asked += 1));
    let seq = 0;
    while (socket.bufferedBytes < LIMITS.streamSocketBytes) outbox.deliver(state, (seq += 1), delta('s', seq), 7);
    const before = seq;
    for (let at = 0; at < 100; at += 1) outbox.deliver(state, (seq += 1), delta('s', seq), 8);
    expect([outbox.slowSinceMs, outbox.isOverfull, asked]).toEqual([8, false, 0]);
    socket.read(Infinity);
    outbox.flush();
    expect([outbox.slowSinceMs, asked]).toEqual([0, 1]);
    const gap = JSON.parse(socket.sent.at(-1)!) as Told;
    expect(gap).toEqual({ type: 'gap', id: 's', dropped: 100, from_seq: before + 1, to_seq: seq });
  });

  it('says that it is overfull when answers that must not be dropped are not read', () => {
    const socket = new SlowSocket();
    const outbox = new Outbox(socket);
    for (let at = 0; at < 80 && !outbox.isOverfull; at += 1) outbox.send(new Uint8Array(PAD), false, 1);
    expect(outbox.isOverfull).toBe(true);
  });

  it('says nothing of a subscription that has ended', () => {
    const socket = new SlowSocket();
    const outbox = new Outbox(socket);
    const gone = recipient('g');
    for (let seq = 1; seq < 60; seq += 1) outbox.deliver(gone, seq, delta('g', seq), 1);
    const before = socket.sent.length;
    outbox.forget(gone);
    socket.read(Infinity);
    outbox.flush();
    expect(socket.sent.length).toBe(before);
  });
});
