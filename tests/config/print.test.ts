import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import { printConfig } from '../../config/print.ts';
import { MINIMAL, planOf, registry } from '../support/config.ts';
import type { LoadOptions } from '../../config/load.ts';

async function print(
  text: string,
  withDefaults = false,
  options: LoadOptions = {},
): Promise<{ text: string; value: Record<string, never> }> {
  const { tree } = await planOf(text, options);
  const printed = printConfig(tree, withDefaults, registry);
  return { text: printed, value: parse(printed) as Record<string, never> };
}

const SECRETS = MINIMAL.replace(
  'exporters:\n',
  `exporters:
  otlp_http:
    endpoint: http://user:hunter1@host:4318
    token: hunter2
    headers: { authorization: "Bearer \${env:TOKEN}", x-plain: hunter3 }
`,
).replace('[debug]', '[debug, otlp_http]');

describe('a printed configuration', () => {
  it('is what was written, substituted and merged', async () => {
    expect((await print(MINIMAL)).value).toEqual({
      receivers: { otlp: { protocols: { http: null } } },
      exporters: { debug: null },
      service: { pipelines: { metrics: { receivers: ['otlp'], exporters: ['debug'] } } },
    });
  });

  it.each([false, true])('shows no secret, wherever it came from (with defaults: %s)', async (withDefaults) => {
    const { text, value } = await print(SECRETS, withDefaults, { environment: { TOKEN: 'hunter4' } });
    expect(text).not.toContain('hunter');
    expect(value['exporters']).toMatchObject({
      otlp_http: {
        endpoint: 'http://user:[REDACTED]@host:4318',
        token: '[REDACTED]',
        headers: { authorization: '[REDACTED]', 'x-plain': '[REDACTED]' },
      },
    });
  });

  it('redacts by name what no schema knows', async () => {
    const text = MINIMAL.replace(
      'exporters:\n',
      'exporters:\n  datadog:\n    api: { key: hunter1, site: eu }\n    headers: { a: hunter2 }\n    url: redis://:hunter3@h\n',
    );
    const printed = await print(text, false, { skipUnsupported: true });
    expect(printed.text).not.toContain('hunter');
    expect(printed.value['exporters']).toMatchObject({ datadog: { api: { site: 'eu' } } });
  });

  it('with defaults has every option in the form in which it is written, and means the same', async () => {
    const { text, value } = await print(MINIMAL, true);
    expect(value['receivers']).toEqual({
      otlp: { protocols: { http: { endpoint: 'localhost:4318', max_request_body_size: '1KiB' } } },
    });
    expect(value['exporters']).toMatchObject({
      debug: { timeout: '5s', verbosity: 'basic', sending_queue: { enabled: true, on_full: 'refuse' } },
    });
    expect(value['service']).toMatchObject({ ack: 'queued', shutdown_timeout: '10s' });
    expect((await planOf(text)).plan).toMatchObject({ pipelines: (await planOf(MINIMAL)).plan.pipelines });
    expect((await planOf(text)).plan.exporters[0]?.config).toEqual((await planOf(MINIMAL)).plan.exporters[0]?.config);
  });
});
