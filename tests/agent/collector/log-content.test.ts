import { describe, expect, it } from 'vitest';
import { Collector } from '../../../agent/collector/collector.ts';
import { loadConfig } from '../../../config/load.ts';
import { encode, logRecord, request } from '../../support/build.ts';
import { until } from '../../support/http-bench.ts';
import { temporaryFolders } from '../../support/temporary.ts';

const folder = temporaryFolders();
const MARK = 'a-text-of-a-tenant';

const YAML = (state: string): string => `
receivers: { otlp: { protocols: { http: { endpoint: '127.0.0.1:0' } } } }
processors: { filter: { error_mode: ignore, logs: { log_record: ['attributes["n"] > 1'] } }, sanitize: }
exporters: { otlp_http: { endpoint: 'http://127.0.0.1:1', retry_on_failure: { enabled: false } } }
storage: { directory: '${state}' }
service:
  telemetry: { metrics: { level: none } }
  pipelines: { logs: { receivers: [otlp], processors: [filter, sanitize], exporters: [otlp_http] } }
`;

describe('the log of a collector', () => {
  it('tells of rejected, undecidable, unreadable and lost items without a word of what is in them', async () => {
    const loaded = await loadConfig([{ kind: 'text', name: 'test', text: YAML(folder()) }]);
    if (!('plan' in loaded)) throw new Error(loaded.faults.map(({ message }) => message).join('\n'));
    const lines: string[] = [];
    const collector = await Collector.start(loaded, (line) => void lines.push(line));
    try {
      const url = `${collector.host.listeners[0]!.listener.url}/v1/logs`;
      const post = async (body: Uint8Array | string, type: string): Promise<void> => {
        await (
          await fetch(url, { method: 'POST', headers: { 'content-type': type }, body: body as NonNullable<RequestInit['body']> })
        ).arrayBuffer();
      };
      const of = (resource: Record<string, string>) =>
        encode('logs', request('logs', [{ resource, items: [logRecord({ [MARK]: MARK, n: MARK })] }]));
      await post(of({}), 'application/x-protobuf');
      await post(of({ 'periscope.scope': MARK }), 'application/x-protobuf');
      await post(`{"resourceLogs": [{"${MARK}": ${MARK}`, 'application/json');
      await post(MARK, 'application/x-protobuf');
      await until(() => lines.some((line) => line.includes('the data is dropped')));
    } finally {
      await collector.stop();
    }
    expect(lines.some((line) => line.includes('SCOPE_VIOLATION'))).toBe(true);
    expect(lines.filter((line) => line.includes(MARK))).toEqual([]);
  });
});
