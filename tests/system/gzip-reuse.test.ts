import { createHash } from 'node:crypto';
import { deflateSync, gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { SIGNALS, type Signal } from '../../pipeline/signal.ts';
import { attack } from '../support/adversary.ts';
import { Collector, yamlOf } from '../support/collector.ts';
import { attributeOf, difference, itemsOf, NO_DIFFERENCE } from '../support/items.ts';
import { OtlpSink } from '../support/otlp-sink.ts';
import { encodeOddly, seeded } from '../support/reference/odd-encoder.ts';
import { decode, encode } from '../support/reference/otlp.ts';

const REQUESTS = 60;
const ITEMS = 500;
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

const hashes = (sink: OtlpSink, signal: Signal): string[] =>
  sink
    .bodies(signal)
    .map((body) => createHash('sha256').update(body).digest('hex'))
    .sort();

it(
  `gzip with the senders' matches, gzip anew and no gzip carry the same bytes, every good item and no rejected one (SEED=${SEED})`,
  { timeout: 120_000 },
  async () => {
    const random = seeded(SEED);
    const sinks = { reused: await OtlpSink.start(), anew: await OtlpSink.start(), plain: await OtlpSink.start() };
    try {
      const yaml = yamlOf({
        receiver: '        scope: ENTERPRISE',
        processors: '  scope: {}\n  sanitize: {}\n  batch:\n    send_batch_size: 2000\n    timeout: 50ms\n',
        chain: ['scope', 'sanitize', 'batch'],
        exporters: `
  otlp_http/reused: { endpoint: ${sinks.reused.url}, compression: gzip, compression_params: { level: 6 } }
  otlp_http/anew: { endpoint: ${sinks.anew.url}, compression: gzip, compression_params: { level: 6, reuse: never } }
  otlp_http/plain: { endpoint: ${sinks.plain.url}, compression: none }
`,
      });
      const sent: Record<Signal, string[]> = { metrics: [], traces: [], logs: [] };
      await using collector = await Collector.start(yaml);
      for (let n = 0; n < REQUESTS; n++) {
        const signal = SIGNALS[n % 3]!;
        const { tree, good, bad } = attack(signal, ITEMS, `${n}`, 'ENTERPRISE', 'DEVELOPMENT', random);
        sent[signal].push(...good);
        expect(bad.length).toBeGreaterThan(0);
        const odd = { shuffle: true, repeat: false, unknown: n % 4 === 1, unpack: true, overlong: n % 8 === 1 };
        const body = n % 2 === 0 ? encode(signal, tree) : encodeOddly(signal, tree, random, odd);
        const isDeflate = n % 5 === 0;
        const packed = isDeflate ? deflateSync(body) : gzipSync(body, { level: [6, 9, 1, 4, 0][n % 5]! });
        const { status } = await collector.send(`/v1/${signal}`, packed, { 'content-encoding': isDeflate ? 'deflate' : 'gzip' });
        expect(status).toBe(200);
      }
      expect(await collector.stop()).toEqual({ code: 0, signal: null });

      let same = 0;
      for (const signal of SIGNALS) {
        expect(hashes(sinks.reused, signal)).toEqual(hashes(sinks.plain, signal));
        expect(hashes(sinks.anew, signal)).toEqual(hashes(sinks.plain, signal));
        const ids = sinks.reused
          .bodies(signal)
          .flatMap((body) => itemsOf(signal, decode(signal, body)).map(({ item }) => attributeOf(item, 'id') ?? '(no id)'));
        expect(difference(ids, sent[signal])).toEqual(NO_DIFFERENCE);
        const sizes = new Set(sinks.anew.requests.filter((each) => each.signal === signal).map(({ wireBytes }) => wireBytes));
        same += sinks.reused.requests.filter((each) => each.signal === signal && sizes.has(each.wireBytes)).length;
      }
      // The senders' matches give another stream than zlib's: most were in fact used.
      expect(same).toBeLessThan(sinks.reused.requests.length / 2);
    } finally {
      await Promise.all(Object.values(sinks).map((sink) => sink.close()));
    }
  },
);
