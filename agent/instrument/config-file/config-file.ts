import { readFileSync, statSync } from 'node:fs';
import type { Environment } from '../environment.ts';
import { EXPORT_LIMITS } from '../limits.ts';
import { type LogLevel, readSettings, type OtlpSettings, type Settings } from '../settings.ts';
import { valuesOf } from './document.ts';
import { urlOf } from './exporter.ts';
import { meterProviderOf } from './meter-provider.ts';
import { CONFIG_FILE_LIMITS } from './limits.ts';
import { resourceOf } from './resource.ts';
import { type Findings, Section } from './section.ts';

/** Of the schema that is read here; a newer minor one may hold what it does not know. */
const MAJOR = 1;
const MINOR = 1;
const SEVERITIES: Readonly<Record<string, LogLevel>> = {
  trace: 'all',
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  error: 'error',
  fatal: 'error',
};
const LEVELS = Object.keys(SEVERITIES).flatMap((name) => ['', '2', '3', '4'].map((number) => `${name}${number}`));
const OF_OTHER_SIGNALS = {
  attribute_limits: 'it is for spans and logs; metrics and resources have no such limits',
  propagator: 'the agent propagates nothing',
  tracer_provider: 'the agent sends no spans by itself; AGENT_TRACES=1 does',
  logger_provider: 'the agent sends no logs',
  'instrumentation/development': 'the agent has no settings of instrumentations',
  distribution: 'it is for others',
};

/**
 * The settings that a file of OpenTelemetry's declarative configuration asks for, in place of all OTEL_ variables; those of AGENT_ hold.
 * What of it goes without effect is told by `warn`, a line each. Throws in one line for what cannot be read as such a file:
 * the agent does not start then, as the specification has it.
 */
export function settingsOfFile(path: string, environment: Environment, warn: (line: string) => void): Settings {
  const told = new Told(path);
  const root = new Section('', read(path, environment), told);
  if (root.keys.length === 0) told.fault('', 'it holds nothing');
  checkFormat(root);
  const others = Object.entries(environment).filter(([name]) => !name.startsWith('OTEL_'));
  const base = readSettings(Object.fromEntries(others), warn);
  const disabled = root.flag('disabled') ?? false;
  const level = root.choice('log_level', LEVELS) ?? 'info';
  const meterProvider = root.section('meter_provider');
  const provided = meterProvider === undefined ? undefined : meterProviderOf(meterProvider);
  if (meterProvider === undefined) told.note('meter_provider', 'there is none: no metrics are sent');
  const settings: Settings = {
    ...base,
    disabled,
    logLevel: SEVERITIES[level.replace(/\d$/, '')]!,
    ...resourceOf(root.section('resource'), environment),
    metrics: { ...base.metrics, exporter: 'none', ...provided?.metrics },
    otlp: provided?.otlp ?? base.otlp,
    views: provided?.views ?? [],
    advice: provided?.advice ?? [],
    traces: base.traces === undefined ? undefined : tracesOf(root, base.traces),
    from: [...base.from, 'OTEL_CONFIG_FILE'],
  };
  root.end(OF_OTHER_SIGNALS);
  told.throwFaults();
  if (!disabled && settings.logLevel !== 'error') told.tell(warn);
  return settings;
}

class Told implements Findings {
  readonly #path: string;
  readonly #faults: string[] = [];
  readonly #notes: string[] = [];

  constructor(path: string) {
    this.#path = path;
  }

  fault(path: string, cause: string): void {
    this.#faults.push(path === '' ? cause : `${path}: ${cause}`);
  }

  note(path: string, cause: string): void {
    this.#notes.push(`cannot use ${path} of ${this.#path}: ${cause}`);
  }

  throwFaults(): void {
    const shown = this.#faults.slice(0, EXPORT_LIMITS.lines);
    if (shown.length > 0) throw new Error(`cannot read ${this.#path}: ${shown.join('; ')}`);
  }

  tell(warn: (line: string) => void): void {
    this.#notes.slice(0, EXPORT_LIMITS.lines).forEach(warn);
    const more = this.#notes.length - EXPORT_LIMITS.lines;
    if (more > 0) warn(`cannot use ${more} more settings of ${this.#path}`);
  }
}

/** A pipe would never end, and the application waits. */
function read(path: string, environment: Environment): unknown {
  try {
    const stats = statSync(path);
    if (!stats.isFile()) throw new Error('it is no file');
    if (stats.size > CONFIG_FILE_LIMITS.bytes) throw new Error(`it is larger than ${CONFIG_FILE_LIMITS.bytes} bytes`);
    return valuesOf(readFileSync(path, 'utf8'), environment);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(`cannot read ${path}: ${code ?? message.split('\n', 1)[0]}`, { cause: error });
  }
}

/** A version that is not in quotes is a number, as in the examples of the specification. */
function checkFormat(root: Section): void {
  const given = root.any('file_format');
  const [, major, minor] = /^(\d+)(?:\.(\d+))?(?:-.+)?$/.exec(String(given ?? '')) ?? [];
  if (Number(major) !== MAJOR) root.findings.fault('file_format', `it is not ${MAJOR}.0 to ${MAJOR}.${MINOR}`);
  else if (Number(minor ?? 0) > MINOR)
    root.findings.note('file_format', `it is newer than ${MAJOR}.${MINOR}, which the agent knows`);
}

/** Where spans go, for the official SDK, which reads all else that concerns them from its own variables. */
function tracesOf(root: Section, otlp: OtlpSettings): OtlpSettings | undefined {
  const [processor] = root.section('tracer_provider')?.sections('processors') ?? [];
  const kind = processor?.only();
  const exporter = kind === undefined ? undefined : processor?.section(kind)?.section('exporter')?.section('otlp_http');
  if (exporter === undefined) {
    root.findings.note('tracer_provider', 'it has no otlp_http in its first processor: no spans are sent');
    return undefined;
  }
  root.findings.note(
    'tracer_provider',
    'of it only the endpoint of the first processor is used; the official SDK reads OTEL_ variables',
  );
  const url = urlOf(exporter);
  return { ...otlp, url: url ?? 'http://localhost:4318/v1/traces', isDefault: url === undefined };
}
