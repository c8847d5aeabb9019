import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peer } from './peers.ts';

export const otelcol = peer('otelcol');

export interface OtelcolParts {
  /** YAML flow of what stands under `protocols:`; `$ENDPOINT` is a free address. */
  readonly protocols: string;
  /** YAML flow of one exporter, its id first. */
  readonly exporter: string;
}

export interface RunningOtelcol {
  /** `127.0.0.1:port` */
  readonly address: string;
  stop(): Promise<void>;
}

/** otelcol with one pipeline per signal; the port is free when it is asked for, and otelcol takes it at once. */
export async function startOtelcol({ protocols, exporter }: OtelcolParts): Promise<RunningOtelcol> {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = `127.0.0.1:${(probe.address() as AddressInfo).port}`;
  probe.close();
  await once(probe, 'close');
  const pipeline = `{ receivers: [otlp], processors: [batch], exporters: [${exporter.split(':', 1)[0]}] }`;
  const config = `receivers: { otlp: { protocols: { ${protocols.replace('$ENDPOINT', address)} } } }
processors: { batch: { timeout: 100ms } }
exporters: { ${exporter} }
service:
  telemetry: { metrics: { level: none } }
  pipelines: { metrics: ${pipeline}, traces: ${pipeline}, logs: ${pipeline} }
`;
  return { address, stop: await runOtelcol(config) };
}

/** Resolves when it is ready, to what stops it and takes its folder away. */
export async function runOtelcol(config: string): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'otelcol-'));
  await writeFile(join(folder, 'config.yaml'), config);
  const child = spawn(otelcol.path, ['--config', join(folder, 'config.yaml')], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'close');
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  while (!log.includes('Everything is ready')) {
    if (child.exitCode !== null) throw new Error(`otelcol ended with ${child.exitCode}:\n${log}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return async () => {
    child.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
}
