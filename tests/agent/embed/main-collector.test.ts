import { afterEach, describe, expect, it } from 'vitest';
import { partsOf } from '../../../agent/embed/configuration.ts';
import { MainCollector } from '../../../agent/embed/main-collector.ts';
import { encode, numbered } from '../../support/build.ts';
import { temporaryFolders } from '../../support/temporary.ts';

const folder = temporaryFolders();
const open: MainCollector[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((collector) => collector.stop()));
});

async function start(config: object): Promise<MainCollector> {
  const settings = { config: partsOf(config), set: [], skipUnsupported: false };
  const collector = await MainCollector.start(settings, () => {});
  open.push(collector);
  return collector;
}
const configOf = (directory: string, endpoint = '127.0.0.1:0') => ({
  receivers: { otlp: { protocols: { http: { endpoint } } } },
  exporters: { debug: {} },
  storage: { directory },
  service: { pipelines: { logs: { receivers: ['otlp'], exporters: ['debug'] } } },
});

describe("a collector on the application's own thread", () => {
  it('opens what the configuration asks for, and nothing else: no port for own metrics', async () => {
    const collector = await start(configOf(folder()));
    expect(collector.urls).toHaveLength(1);
    await collector.stop();
    expect(collector.urls).toEqual([]);
    expect(await collector.status()).toEqual({ state: 'stopped', thread: 'main', restarts: 0, components: [] });
  });

  it('leaves no listener of its own on the process', async () => {
    const listeners = (): number[] => ['exit', 'beforeExit', 'SIGTERM', 'SIGINT'].map((event) => process.listenerCount(event));
    const before = listeners();
    for (let n = 0; n < 3; n++) await (await start(configOf(folder()))).stop();
    expect(listeners()).toEqual(before);
  });

  it('whose start fails gives its folder back', async () => {
    const directory = folder();
    const holder = await start(configOf(folder()));
    const taken = new URL(holder.urls[0]!).host;
    await expect(start(configOf(directory, taken))).rejects.toThrow(/cannot listen/);
    const collector = await start(configOf(directory));
    expect(await collector.export('logs', encode('logs', numbered('logs', 2)))).toEqual({ ok: true });
    expect((await collector.ledger()).receivers).toMatchObject([{ received: 2 }]);
  });
});
