import { existsSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LedgerSnapshot } from '../../pipeline/ledger.ts';
import { encode, numbered } from '../support/build.ts';
import { Collector, yamlOf } from '../support/collector.ts';
import { sumOf } from '../support/ledger.ts';
import { temporaryFolders } from '../support/temporary.ts';

const folderOf = temporaryFolders();
const keptIn = (folder: string, exporters = '  debug: { verbosity: basic }\n'): string =>
  `${yamlOf({ exporters, service: '  shutdown_timeout: 200ms\n' })}storage: { directory: "${folder}" }\n`;
const body = encode('logs', numbered('logs', 10));

function expectBalance({ receivers, exporters }: LedgerSnapshot): void {
  for (const row of receivers) expect(row.accepted + sumOf(row.rejected)).toBe(row.received);
  for (const row of exporters)
    expect(row.exported + row.refused + sumOf(row.dropped) + row.inFlight, JSON.stringify(row)).toBe(row.routed);
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

async function deadPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

describe('the ledger over a restart', () => {
  it('goes on after a clean one, and the end of each run tells of that run', { timeout: 60_000 }, async () => {
    const folder = folderOf();
    for (const run of [1, 2]) {
      await using collector = await Collector.start(keptIn(folder));
      expect((await collector.send('/v1/logs', body)).status).toBe(200);
      while ((await collector.ledger()).exporters[0]?.exported !== run * 10) await pause();
      const ledger = await collector.ledger();
      expect(ledger.receivers).toMatchObject([{ received: run * 10, accepted: run * 10 }]);
      expectBalance(ledger);
      expect(await collector.stop()).toEqual({ code: 0, signal: null });
      expect(collector.output).toContain('debug: delivered 10 log records');
    }
  });

  it('kill -9: what was in flight is dropped(crash); a row that is configured no more stays', { timeout: 60_000 }, async () => {
    const folder = folderOf();
    const dead = `  otlp_http: { endpoint: "http://127.0.0.1:${await deadPort()}", compression: none }\n`;
    await using first = await Collector.start(keptIn(folder, dead));
    expect((await first.send('/v1/logs', body)).status).toBe(200);
    while (!readFileSync(join(folder, 'ledger', 'state.json'), 'utf8').includes('"inFlight":10')) await pause();
    await first.stop('SIGKILL');
    await using second = await Collector.start(keptIn(folder));
    const ledger = await second.ledger();
    expect(ledger.exporters).toMatchObject([
      { exporter: 'otlp_http', routed: 10, exported: 0, inFlight: 0, dropped: { crash: 10 } },
    ]);
    expectBalance(ledger);
    expect(second.output).toContain('10 items that were in flight');
  });

  it('of two processes on one folder the second keeps its hands off and runs', { timeout: 60_000 }, async () => {
    const folder = folderOf();
    await using first = await Collector.start(keptIn(folder));
    await using second = await Collector.start(keptIn(folder));
    expect(second.output).toContain(`process ${first.pid} keeps its own there`);
    expect((await second.send('/v1/logs', body)).status).toBe(200);
    await second.stop();
    await first.stop();
    expect(readFileSync(join(folder, 'ledger', 'state.json'), 'utf8')).toContain('"clean":true');
    expect(readFileSync(join(folder, 'ledger', 'state.json'), 'utf8')).not.toContain('"received":10');
  });

  it('leaves no folder where nothing else keeps state', async () => {
    await using collector = await Collector.start(yamlOf({ exporters: '  debug: { verbosity: basic }\n' }));
    await collector.stop();
    expect(existsSync(join(collector.folder, '.periscope'))).toBe(false);
  });
});
