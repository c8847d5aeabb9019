import { type ApiCopy, copyToRegister, mismatch, programCopy } from '../api-copy.ts';
import { readConfigFile } from '../config-file/load.ts';
import { SeriesLog } from '../export/series-log.ts';
import { startInstrumentations } from '../instrumentations/index.ts';
import { AgentMeterProvider } from '../metrics/provider.ts';
import { packagesFolder } from '../node-modules.ts';
import { detectResource } from '../resource.ts';
import { readSettings, type Settings } from '../settings.ts';
import { AGENT_NAME, AGENT_VERSION } from '../version.ts';
import { findApiCopies, pathFrom } from './api-copies.ts';
import { sendTestPoint } from './test-point.ts';

export type Mark = 'ok' | 'bad' | 'off' | 'note';

export interface Line {
  readonly mark: Mark;
  readonly text: string;
}
export interface Section {
  readonly title: string;
  readonly lines: readonly Line[];
}

export interface Subject {
  /** Where the application's packages are looked for. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The program that would run, for its name and its packages; undefined: what is in the folder. */
  readonly program: string | undefined;
  /** Default: what an agent reads its configuration file with, which has to be beside this program. */
  readonly readFile?: typeof readConfigFile;
}

const ok = (text: string): Line => ({ mark: 'ok', text });
const bad = (text: string): Line => ({ mark: 'bad', text });
const note = (text: string): Line => ({ mark: 'note', text });

/** What an agent started in `folder` with this environment would do. Sends one test point; changes nothing. */
export async function examine(subject: Subject): Promise<readonly Section[]> {
  const { folder, program } = subject;
  const warnings: string[] = [];
  const settings = settingsFor(subject, (line) => warnings.push(line));
  const resource = detectResource(settings, program ?? folder);
  const sends = !settings.disabled && settings.mode !== 'none' && settings.metrics.exporter !== 'none';
  const answer = sends ? await sendTestPoint(settings.otlp, resource) : undefined;
  return [
    { title: `${AGENT_NAME} ${AGENT_VERSION}`, lines: runtimeLines(settings) },
    { title: 'Copies of @opentelemetry/api', lines: apiLines(folder, program ?? folder) },
    { title: 'Instrumentation', lines: instrumentationLines(settings) },
    {
      title: 'Settings',
      lines: [
        ...(settings.from.length === 0 ? [note('no variable is set; everything is at its default')] : []),
        ...settings.from.map((name) => note(`from the environment: ${name}`)),
        ...warnings.map(bad),
      ],
    },
    {
      title: 'Where data goes',
      lines: [
        ...destinationLines(settings, sends),
        note(`as service.name ${String(resource['service.name'])}`),
        note(`of scope ${settings.scope.claim ?? '(none claimed: the collector decides)'}`),
        ...(answer === undefined ? [] : [answer.taken ? ok(answer.text) : bad(answer.text)]),
      ],
    },
  ];
}

/** Those of an agent in the application; where it would not start, and says why, they are those of one that is switched off. */
function settingsFor({ environment, readFile = readConfigFile }: Subject, warn: (line: string) => void): Settings {
  const file = environment['OTEL_CONFIG_FILE']?.trim() ?? '';
  if (file === '') return readSettings(environment, warn);
  try {
    return readFile(file, environment, warn);
  } catch (error) {
    warn((error as Error).message.split('\n', 1)[0]!);
    return { ...readSettings({}, warn), disabled: true };
  }
}

function runtimeLines({ disabled, engine, mode }: Settings): readonly Line[] {
  const bun = process.versions['bun'];
  const runtime = note(bun === undefined ? `Node ${process.versions.node}` : `Bun ${bun}`);
  if (disabled) return [runtime, bad('it is switched off')];
  const where = { worker: 'in a thread of its own', main: "on the application's thread", none: 'nowhere: AGENT_MODE=none' }[mode];
  return [runtime, note(`engine ${engine}, export ${where}`)];
}

/** What starts here and now: an agent in the application starts the same. */
function instrumentationLines({ instrumentations }: Settings): readonly Line[] {
  // Of the agent: the API may be what is missing.
  const provider = new AgentMeterProvider({ sink: new SeriesLog(), onFault: () => undefined });
  const started = startInstrumentations(provider.getMeter(AGENT_NAME), { instrumentations });
  const lines = started
    .report()
    .map(({ name, on, why = '' }): Line => (on ? ok(name) : { mark: 'off', text: `${name}: ${why}` }));
  started.stop();
  return lines;
}

function apiLines(folder: string, program: string): readonly Line[] {
  const own = programCopy(program);
  const registered = copyToRegister(own);
  const from = packagesFolder(program);
  const others = findApiCopies(from).filter(({ path }) => path !== registered?.path);
  const copies = registered === undefined ? others : [registered, ...others];
  return [
    ...(own === undefined ? [bad(`cannot find @opentelemetry/api from ${from}: npm install @opentelemetry/api`)] : []),
    ...copies.map((copy) => copyLine(copy, registered, pathFrom(folder, copy.path))),
  ];
}

function copyLine({ path, version }: ApiCopy, registered: ApiCopy | undefined, shown: string): Line {
  if (path === registered?.path) return ok(`${version}  ${shown}, with which the agent registers`);
  const fault = registered === undefined ? 'the agent registers with 1.x' : mismatch(registered.version, version);
  return fault === undefined
    ? note(`${version}  ${shown}, which sees what the agent registers`)
    : bad(`${version}  ${shown}: ${fault}`);
}

function destinationLines({ otlp, metrics }: Settings, sends: boolean): readonly Line[] {
  if (!sends) return [bad('nowhere: export is switched off')];
  const how = `OTLP protobuf, ${otlp.compression === 'gzip' ? 'gzip' : 'not compressed'}, every ${metrics.intervalMs} ms, ${metrics.temporality}`;
  const headers = Object.keys(otlp.headers);
  return [
    note(`${withoutPassword(otlp.url)}${otlp.isDefault ? ' (the default)' : ''}`),
    note(how),
    ...(headers.length === 0 ? [] : [note(`with headers ${headers.join(', ')} (their values are not shown)`)]),
  ];
}

function withoutPassword(text: string): string {
  const url = new URL(text);
  if (url.password !== '') url.password = '***';
  return url.href;
}
