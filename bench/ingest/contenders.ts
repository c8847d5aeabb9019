import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Work } from '../load/compare.ts';

/** One system with one config: what a run measures. */
export interface Contender {
  /** As it stands in results, such as `otelcol full`. */
  readonly id: string;
  readonly program: 'periscope' | 'otelcol' | 'rotel';
  /** File under bench/scenarios, for the programs that take one. */
  readonly config?: string;
  readonly work: Work;
  readonly gzipLevel?: number;
  /** Runs Periscope on the Node 24 of the cache instead of this one: there without uWebSockets. */
  readonly node24?: boolean;
  /** Runs Periscope with Node's sampling profiler, which writes here when it ends. */
  readonly cpuProfileFolder?: string;
  /** Runs on all cores and not on that of the system under test alone. */
  readonly everyCore?: boolean;
  /** Keeps windows and is watched by a client of its live stream: what it has not stored is not counted. */
  readonly watched?: boolean;
}

const FORWARDS: Work = { clean: false };
const SCOPES: Work = { clean: false, scope: 'ENTERPRISE' };
const CLEANS: Work = { clean: true, scope: 'ENTERPRISE' };

export const PERISCOPE_SCOPE: Contender = {
  id: 'periscope scope',
  program: 'periscope',
  config: 'periscope-scope.yaml',
  work: SCOPES,
};
export const PERISCOPE_FULL: Contender = { id: 'periscope', program: 'periscope', config: 'periscope-full.yaml', work: CLEANS };
export const PERISCOPE_NODE24: Contender = { ...PERISCOPE_FULL, id: 'periscope Node 24', node24: true };
export const PERISCOPE_GZIP_1: Contender = {
  ...PERISCOPE_FULL,
  id: 'periscope gzip 1',
  config: 'periscope-gzip.yaml',
  gzipLevel: 1,
};
export const PERISCOPE_GZIP_6: Contender = { ...PERISCOPE_GZIP_1, id: 'periscope gzip 6', gzipLevel: 6 };
/** The same work as `scope`, with what a gateway does besides: tokens, limits, audit log. One tenant, or 64 in turn. */
export const PERISCOPE_GATEWAY: Contender = {
  id: 'periscope gateway',
  program: 'periscope',
  config: 'periscope-gateway.yaml',
  work: { clean: false, scopes: 1 },
};
export const PERISCOPE_GATEWAY_64: Contender = {
  ...PERISCOPE_GATEWAY,
  id: 'periscope gateway 64',
  work: { clean: false, scopes: 64 },
};
/** The same work as `scope`; and what passes is kept for SQL and shown on the live stream. */
export const PERISCOPE_WINDOWS: Contender = {
  ...PERISCOPE_SCOPE,
  id: 'periscope windows',
  config: 'periscope-windows.yaml',
  watched: true,
};
/** What people watch, and nothing is sent on. */
export const PERISCOPE_WATCH: Contender = {
  id: 'periscope watch',
  program: 'periscope',
  config: 'periscope-watch.yaml',
  work: SCOPES,
};
/** The same with the bounds that windows have by themselves. */
export const PERISCOPE_SOAK: Contender = { ...PERISCOPE_WATCH, id: 'periscope soak', config: 'periscope-soak.yaml' };
export const OTELCOL_PASS: Contender = { id: 'otelcol pass', program: 'otelcol', config: 'otelcol-pass.yaml', work: FORWARDS };
export const OTELCOL_SCOPE: Contender = { id: 'otelcol scope', program: 'otelcol', config: 'otelcol-scope.yaml', work: SCOPES };
export const OTELCOL_FULL: Contender = { id: 'otelcol full', program: 'otelcol', config: 'otelcol-full.yaml', work: CLEANS };
export const OTELCOL_GZIP_1: Contender = { ...OTELCOL_PASS, id: 'otelcol gzip 1', config: 'otelcol-gzip.yaml', gzipLevel: 1 };
export const OTELCOL_GZIP_6: Contender = { ...OTELCOL_GZIP_1, id: 'otelcol gzip 6', gzipLevel: 6 };
/** The same work as `scope`, with requests over gRPC. */
export const PERISCOPE_GRPC: Contender = { ...PERISCOPE_SCOPE, id: 'periscope grpc', config: 'periscope-grpc.yaml' };
export const OTELCOL_GRPC: Contender = { ...OTELCOL_SCOPE, id: 'otelcol grpc', config: 'otelcol-grpc.yaml' };
export const ROTEL: Contender = { id: 'rotel', program: 'rotel', work: FORWARDS };
/** Its level cannot be set; what it writes is as small as level 6 elsewhere. */
export const ROTEL_GZIP: Contender = { ...ROTEL, id: 'rotel gzip', gzipLevel: 6 };

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Where bench/peers.sh builds to. */
export function peersFolder(): string {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  return process.env['PERISCOPE_CACHE'] ?? join(cache, 'periscope-peers');
}

/** The repository's folder; this file runs from dist/bench/ingest. */
export const REPOSITORY: string = fileURLToPath(new URL('../../../', import.meta.url));

export interface Ports {
  readonly in: number;
  /** Of the sink. */
  readonly out: number;
  readonly grpc: number;
  readonly api: number;
}

/** How to start a contender, which listens on `ports.in` and sends to `ports.out`; `configFile` is a copy of its config. */
export function launch(contender: Contender, ports: Ports, configFile: string): Launch {
  const env = {
    BENCH_IN: String(ports.in),
    BENCH_OUT: String(ports.out),
    BENCH_API: String(ports.api),
    BENCH_COMPRESSION: contender.gzipLevel === undefined ? 'none' : 'gzip',
    BENCH_GZIP_LEVEL: String(contender.gzipLevel ?? 6),
    GOMAXPROCS: '1',
  };
  const command = programFile(contender);
  if (contender.program === 'otelcol') return { command, args: ['--config', configFile], env };
  if (contender.program === 'rotel') {
    // Batch sizes are its defaults, written out: it counts metrics, five points each here, and not points.
    const args = (
      `start --pid-file ${configFile}.pid --exporter otlp --otlp-exporter-protocol http ` +
      `--otlp-exporter-endpoint http://127.0.0.1:${ports.out} --otlp-exporter-compression ${env.BENCH_COMPRESSION} ` +
      `--otlp-http-endpoint 127.0.0.1:${ports.in} --otlp-grpc-endpoint 127.0.0.1:${ports.grpc} ` +
      '--batch-max-size 8192 --batch-timeout 200ms'
    ).split(' ');
    return { command, args, env };
  }
  const folder = contender.cpuProfileFolder;
  const profiler = folder === undefined ? [] : ['--cpu-prof', '--cpu-prof-interval', '200', '--cpu-prof-dir', folder];
  return { command, args: [...profiler, join(REPOSITORY, 'dist/agent/collector/main.js'), 'run', '--config', configFile], env };
}

function programFile(contender: Contender): string {
  const peers = join(peersFolder(), 'bin');
  if (contender.program === 'otelcol') return join(peers, 'otelcol');
  if (contender.program === 'rotel') return join(peers, 'rotel-agent');
  return contender.node24 === true ? join(peers, 'node24') : process.execPath;
}

/** Why a contender cannot run here; undefined when it can. */
export function missing(contender: Contender): string | undefined {
  if (!existsSync(programFile(contender))) return `${programFile(contender)} is not there; bench/peers.sh builds it`;
  const main = join(REPOSITORY, 'dist/agent/collector/main.js');
  if (contender.program === 'periscope' && !existsSync(main)) return `${main} is not there; npm run build makes it`;
  return undefined;
}

const versions = new Map<string, string>();

/** What a contender is, for the record: version of the program, or commit and Node. */
export function version(contender: Contender): string {
  const file = programFile(contender);
  let known = versions.get(file);
  if (known === undefined) {
    known =
      contender.program === 'periscope'
        ? `${firstLine('git', ['rev-parse', '--short', 'HEAD'])}, Node ${firstLine(file, ['--version'])}`
        : builtVersion(file);
    versions.set(file, known);
  }
  return known;
}

/** What bench/peers.sh wrote down: not every program knows its own version. */
function builtVersion(file: string): string {
  const note = `${file}.version`;
  return existsSync(note) ? readFileSync(note, 'utf8').trim() : 'unknown';
}

function firstLine(command: string, args: readonly string[]): string {
  return (spawnSync(command, args, { encoding: 'utf8', cwd: REPOSITORY }).stdout ?? '').trim().split('\n')[0] ?? '';
}
