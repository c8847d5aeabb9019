import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { SIGNALS, type Signal } from '../../pipeline/signal.ts';
import { attack } from '../support/adversary.ts';
import { Collector } from '../support/collector.ts';
import { delivered, partialSuccess } from '../support/destination.ts';
import { difference, NO_DIFFERENCE } from '../support/items.ts';
import { OtlpSink } from '../support/otlp-sink.ts';
import { encodeOddly, seeded } from '../support/reference/odd-encoder.ts';
import { encode } from '../support/reference/otlp.ts';
import { ROOT } from '../support/tree.ts';

const TENANTS = ['ACME', 'GLOBEX'] as const;
type Tenant = (typeof TENANTS)[number];
const ITEMS = 100_000;
const PER_REQUEST = 200;
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

/** Ids of all items a tenant's destination got, and the scopes their resources carry. */
function stored(sink: OtlpSink, signal: Signal): { ids: string[]; scopes: Set<string | undefined> } {
  const all = sink.bodies(signal).map((body) => delivered(signal, body));
  return { ids: all.flatMap(({ ids }) => ids), scopes: new Set(all.flatMap(({ scopes }) => [...scopes])) };
}

it(
  `no item of ${ITEMS.toLocaleString('en')} adversarial ones leaves as another tenant's, and every good one arrives (SEED=${SEED})`,
  { timeout: 240_000 },
  async () => {
    const random = seeded(SEED);
    const sinks = { ACME: await OtlpSink.start(), GLOBEX: await OtlpSink.start() };
    try {
      const env = {
        ACME_LISTEN: '127.0.0.1:0',
        GLOBEX_LISTEN: '127.0.0.1:0',
        ACME_DESTINATION: sinks.ACME.url,
        GLOBEX_DESTINATION: sinks.GLOBEX.url,
        DASHBOARD_SCOPE: '',
      };
      const yaml = readFileSync(join(ROOT, 'config/examples/two-tenants.yaml'), 'utf8');
      const args = ['--set', 'extensions.health_check.endpoint=127.0.0.1:0', '--set', 'service.extensions=[health_check]'];
      await using collector = await Collector.start(yaml, { env, args });
      const good: Record<Tenant, Record<Signal, string[]>> = {
        ACME: { metrics: [], traces: [], logs: [] },
        GLOBEX: { metrics: [], traces: [], logs: [] },
      };
      let made = 0;
      let bad = 0;
      for (let n = 0; made < ITEMS; n++) {
        const tenant = TENANTS[n % 2] as Tenant;
        const signal = SIGNALS[n % 3] as Signal;
        const attacked = attack(signal, PER_REQUEST, `${tenant}.${n}`, tenant, TENANTS[(n + 1) % 2] as Tenant, random);
        made += attacked.good.length + attacked.bad.length;
        bad += attacked.bad.length;
        good[tenant][signal].push(...attacked.good);
        // Every second request as no SDK would write it: split messages, attribute lists in runs, overruled values.
        const odd = { shuffle: true, repeat: true, unknown: n % 4 === 1, unpack: true, overlong: n % 8 === 1 };
        const body = n % 2 === 0 && n % 4 !== 2 ? encode(signal, attacked.tree) : encodeOddly(signal, attacked.tree, random, odd);
        const response = await fetch(`${collector.url(`otlp/${tenant.toLowerCase()}`)}/v1/${signal}`, {
          method: 'POST',
          headers: { 'content-type': 'application/x-protobuf' },
          body,
        });
        const said = partialSuccess(new Uint8Array(await response.arrayBuffer()));
        expect(response.status).toBe(200);
        expect(said.rejected, `request ${n}, ${signal} of ${tenant}`).toBe(attacked.bad.length);
        if (said.rejected > 0) expect(said.message).toContain('scope');
      }
      const { receivers } = await collector.ledger();
      expect(receivers.reduce((sum, row) => sum + row.received, 0)).toBe(made);
      expect(receivers.reduce((sum, row) => sum + (row.rejected['scope_mismatch'] ?? 0), 0)).toBe(bad);
      expect(receivers.every((row) => row.receiver === `otlp/${row.scope.toLowerCase()}`)).toBe(true);
      expect(await collector.stop()).toEqual({ code: 0, signal: null });

      for (const tenant of TENANTS) {
        for (const signal of SIGNALS) {
          const { ids, scopes } = stored(sinks[tenant], signal);
          expect(scopes, `${signal} of ${tenant}`).toEqual(new Set([tenant]));
          expect(difference(ids, good[tenant][signal]), `${signal} of ${tenant}`).toEqual(NO_DIFFERENCE);
        }
      }
      expect(bad).toBeGreaterThan(ITEMS / 10);
    } finally {
      await Promise.all(TENANTS.map((tenant) => sinks[tenant].close()));
    }
  },
);
