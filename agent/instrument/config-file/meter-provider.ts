import { SETTING_LIMITS } from '../limits.ts';
import type { View } from '../metrics/contract.ts';
import type { MetricSettings, OtlpSettings } from '../settings.ts';
import { exporterOf, timeoutOf } from './exporter.ts';
import type { Section } from './section.ts';
import { CARDINALITIES, INSTRUMENT_KINDS, viewOf } from './views.ts';

export interface MeterProviderSettings {
  readonly metrics: Partial<MetricSettings>;
  /** Undefined where nothing is sent by OTLP over HTTP. */
  readonly otlp?: OtlpSettings;
  readonly views: readonly View[];
  /** Its limits. */
  readonly advice: readonly View[];
}

const OF_A_READER = {
  producers: 'the agent takes in no metrics of others',
  'max_export_batch_size/development': 'the agent splits requests by their bytes',
};
const OF_METERS = { 'meter_configurator/development': 'the agent switches no meters off; a view with drop does' };
const NOT_SENT = 'the agent sends OTLP over HTTP, by otlp_http alone';

export function meterProviderOf(section: Section): MeterProviderSettings {
  const readers = section.sections('readers');
  if (readers.length === 0) section.findings.fault(section.pathOf('readers'), 'it is missing, or empty');
  const views = section.sections('views').map(viewOf);
  const exemplarFilter = section.choice('exemplar_filter', ['trace_based', 'always_on', 'always_off']) ?? 'trace_based';
  section.end(OF_METERS);
  let chosen: Omit<MeterProviderSettings, 'views'> | undefined;
  for (const reader of readers) {
    const periodic = periodicOf(reader);
    if (periodic === undefined) continue;
    if (chosen === undefined) chosen = readerOf(periodic);
    else section.findings.note(reader.path, 'the agent has one reader, which is the first');
  }
  if (chosen?.otlp === undefined) section.findings.note(section.pathOf('readers'), 'none is for the agent: no metrics are sent');
  return { advice: [], ...chosen, metrics: { exporter: 'none', ...chosen?.metrics, exemplarFilter }, views };
}

/** The only kind of reader that the agent has; it tells of others. */
function periodicOf(section: Section): Section | undefined {
  const kind = section.only();
  if (kind === 'periodic') return section.section(kind);
  if (kind === 'pull')
    section.findings.note(section.pathOf(kind), 'the agent listens nowhere; the exporter prometheus of the collector does');
  else if (kind !== undefined) section.findings.fault(section.pathOf(kind), 'it is neither periodic nor pull');
  return undefined;
}

function readerOf(section: Section): Omit<MeterProviderSettings, 'views'> {
  const intervalMs = section.whole('interval', [1, SETTING_LIMITS.longestMs]) ?? SETTING_LIMITS.intervalMs;
  const exportTimeoutMs = timeoutOf(section) ?? SETTING_LIMITS.exportTimeoutMs;
  const advice = limitsOf(section.section('cardinality_limits'));
  const exporter = section.section('exporter');
  if (exporter === undefined) section.findings.fault(section.pathOf('exporter'), 'it is missing');
  section.end(OF_A_READER);
  const kind = exporter?.only();
  const otlpHttp = kind === 'otlp_http' ? exporter?.section(kind) : undefined;
  const times = { intervalMs, exportTimeoutMs };
  if (otlpHttp !== undefined) {
    const { otlp, metrics } = exporterOf(otlpHttp);
    return { otlp, metrics: { exporter: 'otlp', ...times, ...metrics }, advice };
  }
  if (kind !== undefined) exporter?.findings.note(exporter.pathOf(kind), NOT_SENT);
  return { metrics: times, advice };
}

/** That of all instruments first: those of a kind count before it. */
function limitsOf(section: Section | undefined): readonly View[] {
  const limit = (key: string): Pick<View, 'cardinalityLimit'> | undefined => {
    const cardinalityLimit = section?.whole(key, CARDINALITIES);
    return cardinalityLimit === undefined ? undefined : { cardinalityLimit };
  };
  const ofAll = limit('default');
  const ofKinds = INSTRUMENT_KINDS.flatMap((instrumentKind) => {
    const ofKind = limit(instrumentKind);
    return ofKind === undefined ? [] : [{ instrumentKind, ...ofKind }];
  });
  section?.end();
  return ofAll === undefined ? ofKinds : [ofAll, ...ofKinds];
}
