import { isAbsolute } from 'node:path';
import { SETTING_LIMITS } from '../limits.ts';
import { httpUrl, isHeader, type MetricSettings, type OtlpSettings } from '../settings.ts';
import { pairsOf } from './pairs.ts';
import type { Range, Section } from './section.ts';

/** What an `otlp_http` of metrics asks for. */
export interface ExporterSettings {
  readonly otlp: OtlpSettings;
  readonly metrics: Pick<MetricSettings, 'temporality' | 'histogramAggregation'>;
}

/** 0 is no limit. */
const TIMEOUT: Range = [0, SETTING_LIMITS.longestMs];
const DEFAULT_URL = 'http://localhost:4318/v1/metrics';
const SIZES = {
  max_request_size: 'the agent has a bound of its own, 1 MiB',
  max_response_size: 'the agent has a bound of its own, 64 KiB',
};

export function exporterOf(section: Section): ExporterSettings {
  const url = urlOf(section);
  const encoding = section.choice('encoding', ['protobuf', 'json']);
  if (encoding === 'json') section.findings.note(section.pathOf('encoding'), 'the agent sends protobuf');
  const temporality = section.choice('temporality_preference', ['cumulative', 'delta', 'low_memory']) ?? 'cumulative';
  const settings = {
    otlp: {
      url: url ?? DEFAULT_URL,
      isDefault: url === undefined,
      headers: headersOf(section),
      timeoutMs: timeoutOf(section) ?? SETTING_LIMITS.requestTimeoutMs,
      compression: compressionOf(section),
      ...tlsOf(section.section('tls')),
    },
    metrics: {
      temporality: temporality === 'low_memory' ? ('lowmemory' as const) : temporality,
      histogramAggregation:
        section.choice('default_histogram_aggregation', [
          'explicit_bucket_histogram',
          'base2_exponential_bucket_histogram',
        ] as const) ?? 'explicit_bucket_histogram',
    },
  };
  section.end(SIZES);
  return settings;
}

/** Of a `timeout`: undefined for the default. */
export function timeoutOf(section: Section): number | undefined {
  const timeoutMs = section.whole('timeout', TIMEOUT);
  return timeoutMs === 0 ? SETTING_LIMITS.longestMs : timeoutMs;
}

/** An `endpoint`, path and all. */
export function urlOf(section: Section): string | undefined {
  const text = section.text('endpoint');
  const url = text === undefined ? undefined : httpUrl(text);
  if (text !== undefined && url === undefined)
    section.findings.fault(section.pathOf('endpoint'), 'it is no address that begins with http:// or https://');
  return url?.href;
}

/** Entries of `headers` count before those of `headers_list`. Lower-case names. */
function headersOf(section: Section): Readonly<Record<string, string>> {
  const headers = Object.entries(pairsOf(section, 'headers_list', isHeader));
  for (const each of section.sections('headers')) {
    const name = each.text('name');
    const value = each.text('value');
    each.end();
    if (name === undefined) section.findings.fault(each.pathOf('name'), 'it is missing');
    else if (!isHeader(name, value ?? '')) section.findings.fault(each.path, 'it is no header of HTTP');
    else if (value !== undefined) headers.push([name, value]);
  }
  return Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]));
}

function compressionOf(section: Section): OtlpSettings['compression'] {
  const given = section.text('compression') ?? 'none';
  if (given === 'gzip' || given === 'none') return given;
  section.findings.note(section.pathOf('compression'), 'the agent knows gzip and none, and does not compress');
  return 'none';
}

function tlsOf(section: Section | undefined): Pick<OtlpSettings, 'certificate' | 'clientKey' | 'clientCertificate'> {
  const path = (key: string): string | undefined => {
    const file = section?.text(key);
    if (file !== undefined && !isAbsolute(file)) section?.findings.fault(section.pathOf(key), 'it is no absolute path');
    return file;
  };
  const files = { certificate: path('ca_file'), clientKey: path('key_file'), clientCertificate: path('cert_file') };
  if ((files.clientKey === undefined) !== (files.clientCertificate === undefined))
    section?.findings.fault(section.path, 'of key_file and cert_file one is missing');
  section?.end();
  return files;
}
