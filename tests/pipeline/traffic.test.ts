import { describe, expect, it } from 'vitest';
import { Traffic } from '../../pipeline/traffic.ts';

describe('traffic beside the ledger', () => {
  it('one row per component, whoever asks for it again', () => {
    const traffic = new Traffic();
    traffic.receiver('otlp').logs.http.accepted += 2;
    traffic.receiver('otlp').logs.grpc.refused += 1;
    traffic.processor('batch').metrics.incoming += 3;
    expect(traffic.receiver('otlp').logs).toEqual({
      http: { accepted: 2, refused: 0 },
      grpc: { accepted: 0, refused: 1 },
      in_process: { accepted: 0, refused: 0 },
    });
    expect(traffic.receiver('otlp').metrics.http.accepted).toBe(0);
    expect(traffic.processor('batch').metrics).toEqual({ incoming: 3, outgoing: 0 });
  });

  it('counts what was refused unread by its code, and what found no room by its queue', () => {
    const traffic = new Traffic();
    traffic.countUnread('otlp', 'memory_limit');
    traffic.countUnread('otlp', 'memory_limit');
    traffic.countTurnedAway('debug', 'traces', 5);
    traffic.countTurnedAway('debug', 'traces', 6);
    expect(traffic.unread.get('otlp')).toEqual(new Map([['memory_limit', 2]]));
    expect(traffic.turnedAway.get('debug')).toEqual({ metrics: 0, traces: 11, logs: 0 });
  });

  it('goes on from what another process has counted; a snapshot stays as it was', () => {
    const before = new Traffic();
    before.receiver('otlp').logs.grpc.accepted += 2;
    before.processor('batch').metrics.outgoing += 3;
    before.countUnread('otlp', 'memory_limit');
    before.countTurnedAway('debug', 'traces', 5);
    const snapshot = before.snapshot();
    before.receiver('otlp').logs.grpc.accepted += 100;
    before.countUnread('otlp', 'memory_limit');

    const after = new Traffic();
    after.restore(snapshot);
    expect(after.snapshot()).toEqual(snapshot);
    after.receiver('otlp').logs.grpc.accepted += 1;
    after.countUnread('otlp', 'memory_limit');
    expect(after.receiver('otlp').logs.grpc.accepted).toBe(3);
    expect(after.unread.get('otlp')?.get('memory_limit')).toBe(2);
  });
});
