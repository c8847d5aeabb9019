import { MessageChannel } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readSettings } from '../../../../agent/instrument/settings.ts';
import { SpanExport } from '../../../../agent/instrument/traces/span-export.ts';
import type { SeamRequest } from '../../../../pipeline/meeting-point.ts';
import { OtlpSink } from '../../../support/otlp-sink.ts';

let sink: OtlpSink;
let sending: SpanExport;
let ended: (readonly [id: number, delivered: boolean])[];
let lines: string[];
let open: number;
let settle: () => void;
beforeEach(async () => {
  sink = await OtlpSink.start();
  [ended, lines, open, settle] = [[], [], 0, () => undefined];
  const environment = { AGENT_TRACES: '1', OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${sink.url}/v1/traces` };
  const settings = readSettings(environment, (line) => lines.push(line)).traces!;
  sending = new SpanExport(
    settings,
    {
      ended: (...one) => {
        ended.push(one);
        settle();
      },
      open: (spans) => (open = spans),
      line: (level, text) => void (level === 'warn' && lines.push(text)),
    },
    () => 0,
  );
});
afterEach(async () => {
  sending.close();
  await sink.close();
});

const body = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));
const take = (...ids: number[]): void => ids.forEach((id) => sending.take({ id, body: body(`spans ${id}`), spans: 2 }));
async function allEnded(count: number): Promise<void> {
  while (ended.length < count) await new Promise<void>((resolve) => (settle = resolve));
}
const arrived = (): string[] => sink.bodies('traces').map((each) => Buffer.from(each).toString());

describe('spans on their way', () => {
  it('go one request after the other, each until it has arrived', async () => {
    sink.script = (_request, index) => (index === 1 ? { status: 503 } : undefined);
    take(1, 2, 3);
    expect(open).toBe(6);
    await allEnded(3);
    expect(ended).toEqual([
      [1, true],
      [2, true],
      [3, true],
    ]);
    expect([arrived(), open, lines]).toEqual([['spans 1', 'spans 2', 'spans 2', 'spans 3'], 0, []]);
  });

  it('that will never be taken are given up and told once; the next ones go on', async () => {
    sink.script = (_request, index) => (index < 2 ? { status: 400 } : undefined);
    take(1, 2, 3);
    await allEnded(3);
    expect(ended.map(([, delivered]) => delivered)).toEqual([false, false, true]);
    expect([lines, open]).toEqual([[`cannot deliver 2 spans to ${sink.url}/v1/traces: it answered 400; they are dropped`], 0]);
  });

  it('are once more tried at the end of the process where one is waited for, and then not again', async () => {
    sink.script = (_request, index) => (index === 0 ? { hang: true } : undefined);
    take(1, 2);
    await sink.received(1);
    sending.end(2000);
    await allEnded(2);
    expect(ended.map(([, delivered]) => delivered)).toEqual([true, true]);
    expect(arrived()).toEqual(['spans 1', 'spans 1', 'spans 2']);
  });

  it('stay open where there is no time for them', async () => {
    sink.script = () => ({ hang: true });
    take(1, 2);
    sending.end(100);
    await allEnded(2);
    expect([ended.map(([, delivered]) => delivered), open, lines]).toEqual([[false, false], 4, []]);
  });

  it('cross to a collector of this process while there is one', async () => {
    const { port1, port2 } = new MessageChannel();
    const crossed: SeamRequest[] = [];
    port2.on('message', (request: SeamRequest) => {
      crossed.push(request);
      port2.postMessage({ id: request.id, outcome: { ok: true } });
    });
    sending.connect(port1);
    take(1);
    await allEnded(1);
    sending.connect(undefined);
    take(2);
    await allEnded(2);
    expect(crossed.map(({ signal, bytes }) => [signal, Buffer.from(bytes).toString()])).toEqual([['traces', 'spans 1']]);
    expect(arrived()).toEqual(['spans 2']);
    port2.close();
  });
});
