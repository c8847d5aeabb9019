import { readPartialSuccess } from '../../../pipeline/otlp/partial-success.ts';
import { encodeResource } from '../encode/attributes.ts';
import { CellReader } from '../encode/reader.ts';
import { OtlpTransport } from '../export/transport.ts';
import { SENDING_LIMITS } from '../export/limits.ts';
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
  return reader.collect(BigInt(Date.now()) * 1_000_000n, SENDING_LIMITS.requestBytes).requests[0]!.body;
}

/** Sends it once, as the agent would, and says what came back. Never rejects. */
export async function sendTestPoint(otlp: OtlpSettings, resource: ResourceAttributes): Promise<TestAnswer> {
  const startMs = performance.now();
  const transport = new OtlpTransport(otlp, true);
  const answer = await transport.post(testRequest(resource), { timeoutMs: otlp.timeoutMs, keepsAlive: true });
  transport.close();
  if ('error' in answer) return { taken: false, text: `cannot send the test point: ${explain(answer.error, otlp)}` };
  return judge(answer.status, answer.body, Math.round(performance.now() - startMs));
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

function explain(code: string, { url, isDefault, timeoutMs }: OtlpSettings): string {
  const whose = isDefault ? 'the default; OTEL_EXPORTER_OTLP_ENDPOINT says otherwise' : 'from the environment';
  const { origin } = new URL(url);
  if (code === 'ECONNREFUSED') return `nobody listens at ${origin} (${whose})`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `the host of ${origin} is not known (${whose})`;
  return code === 'TIMEOUT' ? `no answer from ${origin} within ${timeoutMs} ms` : `${code} at ${origin}`;
}
