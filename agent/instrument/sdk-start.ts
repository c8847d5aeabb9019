import { nodeFs } from './builtins.ts';
import { detectResource } from './resource.ts';
import { startSdkEngine, type SdkEngine, type SdkEngineOptions } from './sdk/engine.ts';
import type { Settings } from './settings.ts';

/** The official SDK with the agent's settings; undefined, and why, when it is not installed: the agent's own engine serves.
 *  `mayExport`: false where the scope must not send to this address. */
export async function startFromSettings(
  settings: Settings,
  mayExport: boolean,
  warn: (line: string) => void,
): Promise<SdkEngine | undefined> {
  const { otlp, metrics } = settings;
  const sends = mayExport && settings.mode !== 'none' && metrics.exporter !== 'none';
  const attributes = Object.entries(detectResource(settings)).filter(([, value]) => value !== undefined);
  try {
    return await startSdkEngine({
      resource: Object.fromEntries(attributes),
      url: sends ? otlp.url : undefined,
      headers: otlp.headers,
      compression: otlp.compression,
      ...tlsOf(otlp),
      timeoutMs: metrics.exportTimeoutMs,
      exportIntervalMs: metrics.intervalMs,
      temporality: metrics.temporality,
      histogramAggregation: metrics.histogramAggregation,
      views: settings.views,
      advice: settings.advice,
      onFault: (_kind, detail) => warn(detail),
    });
  } catch (error) {
    warn(
      `cannot start the official SDK: ${error instanceof Error ? error.message : String(error)}; the agent's own engine is used`,
    );
    return undefined;
  }
}

/** Throws what cannot be read: with less than was asked for nothing is sent. */
function tlsOf({ certificate, clientKey, clientCertificate }: Settings['otlp']): Pick<SdkEngineOptions, 'tls'> {
  const files = { ca: certificate, key: clientKey, cert: clientCertificate };
  const given = Object.entries(files).flatMap(([name, file]) => (file === undefined ? [] : [[name, nodeFs.readFileSync(file)]]));
  return given.length === 0 ? {} : { tls: Object.fromEntries(given) };
}
