import { readFileSync } from 'node:fs';
import { type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { gzipSync } from 'node:zlib';
import { readPartialSuccess } from '../../../pipeline/otlp/partial-success.ts';
import { encodeResource } from '../encode/attributes.ts';
import { CellReader } from '../encode/reader.ts';
import { EXPORT_LIMITS } from '../limits.ts';
import { AgentMeterProvider } from '../metrics/provider.ts';
import type { ResourceAttributes } from '../resource.ts';
import type { OtlpSettings } from '../settings.ts';
import { AGENT_NAME, AGENT_VERSION } from '../version.ts';

export const TEST_METRIC = 'periscope.agent.doctor.check';

export interface TestAnswer {
  /** The collector took the point. */
  readonly taken: boolean;
  /** What came back, for a person. */
  readonly text: string;
}

/** A request with one point, encoded by what the agent measures with. */
export function testRequest(resource: ResourceAttributes): Uint8Array {
  const reader = new CellReader({ resource: encodeResource(resource), temporality: 'cumulative' });
  const provider = new AgentMeterProvider({ sink: reader, onFault: () => undefined });
  const counter = provider.getMeter(AGENT_NAME, AGENT_VERSION).createCounter(TEST_METRIC, {
    unit: '{check}',
    description: 'Runs of periscope-agent doctor.',
  });
  counter.add(1);
  return reader.collect(BigInt(Date.now()) * 1_000_000n, EXPORT_LIMITS.requestBytes).requests[0]!.body;
}

/** Sends it once, as the agent would, and says what came back. Never rejects. */
export async function sendTestPoint(otlp: OtlpSettings, resource: ResourceAttributes): Promise<TestAnswer> {
  const startMs = performance.now();
  try {
    const { status, body } = await post(otlp, testRequest(resource));
    return judge(status, body, Math.round(performance.now() - startMs));
  } catch (error) {
    return { taken: false, text: `cannot send the test point: ${explain(error, otlp)}` };
  }
}

interface Answer {
  readonly status: number;
  readonly body: Uint8Array;
}

function post(otlp: OtlpSettings, plain: Uint8Array): Promise<Answer> {
  const body = otlp.compression === 'gzip' ? gzipSync(plain) : plain;
  const headers = {
    ...otlp.headers,
    'content-type': 'application/x-protobuf',
    'content-length': body.length,
    ...(otlp.compression === 'gzip' ? { 'content-encoding': 'gzip' } : {}),
  };
  return new Promise((resolve, reject) => {
    const sent = open(otlp, headers);
    const timer = setTimeout(() => sent.destroy(new Error(`no answer within ${otlp.timeoutMs} ms`)), otlp.timeoutMs);
    sent.once('response', (response) => {
      read(response).then((answer) => resolve({ status: response.statusCode ?? 0, body: answer }), reject);
    });
    sent.once('error', reject);
    sent.once('close', () => clearTimeout(timer));
    sent.end(body);
  });
}

function open(otlp: OtlpSettings, headers: Record<string, string | number>): ClientRequest {
  const options = { method: 'POST', headers, agent: false } as const;
  if (!otlp.url.startsWith('https:')) return httpRequest(otlp.url, options);
  const file = (path: string | undefined): Buffer | undefined => (path === undefined ? undefined : readFileSync(path));
  return httpsRequest(otlp.url, {
    ...options,
    ca: file(otlp.certificate),
    key: file(otlp.clientKey),
    cert: file(otlp.clientCertificate),
  });
}

async function read(response: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > EXPORT_LIMITS.answerBytes) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function judge(status: number, body: Uint8Array, tookMs: number): TestAnswer {
  const came = `status ${status} after ${tookMs} ms`;
  if (status === 200) {
    const { rejected, message } = readPartialSuccess(body);
    if (rejected === 0)
      return { taken: true, text: `${came}: the test point was taken${message === '' ? '' : `; it says: ${message}`}` };
    return { taken: false, text: `${came}, but the point was rejected: ${message}` };
  }
  const hint = HINTS[status];
  const said = printable(body);
  return {
    taken: false,
    text: [
      `${came}: the test point was refused`,
      ...(hint === undefined ? [] : [hint]),
      ...(said === '' ? [] : [`it says: ${said}`]),
    ].join('; '),
  };
}

const HINTS: Readonly<Record<number, string>> = {
  401: 'the collector wants credentials: OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20…',
  403: 'these credentials are not for this scope',
  404: 'nothing takes metrics at this path: OTEL_EXPORTER_OTLP_ENDPOINT gets /v1/metrics appended, OTEL_EXPORTER_OTLP_METRICS_ENDPOINT is used as it is',
  415: 'it does not take protobuf over HTTP',
};

/** The readable runs of an answer, which may be protobuf. */
function printable(body: Uint8Array): string {
  const runs =
    Buffer.from(body)
      .toString('utf8')
      .match(/[\p{L}\p{N}\p{P}\p{S} ]{4,}/gu) ?? [];
  return runs.join(' ').slice(0, 300);
}

function explain(error: unknown, { url, isDefault }: OtlpSettings): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const whose = isDefault ? 'the default; OTEL_EXPORTER_OTLP_ENDPOINT says otherwise' : 'from the environment';
  if (code === 'ECONNREFUSED') return `nobody listens at ${new URL(url).origin} (${whose})`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `the host of ${new URL(url).origin} is not known (${whose})`;
  return message || String(code);
}
