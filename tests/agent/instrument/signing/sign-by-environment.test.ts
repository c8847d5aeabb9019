import { afterEach, expect, it } from 'vitest';
import { OtlpTransport } from '../../../../agent/instrument/export/transport.ts';
import { signRequests } from '../../../../agent/instrument/signing/signer.ts';
import { readSettings } from '../../../../agent/instrument/settings.ts';
import { signByEnvironment } from '../../../../agent/instrument/signing/sign-by-environment.ts';
import { OtlpSink } from '../../../support/otlp-sink.ts';

afterEach(() => signRequests(undefined));

it.each([
  ['secret', true],
  ['', false],
])('with the secret %j requests are signed: %s', async (secret, signed) => {
  const sink = await OtlpSink.start();
  signByEnvironment({ AGENT_WEBHOOK_SECRET: secret });
  const { otlp } = readSettings({ OTEL_EXPORTER_OTLP_ENDPOINT: sink.url }, (line) => expect.unreachable(line));
  const transport = new OtlpTransport(otlp, true);
  expect(await transport.post(Uint8Array.of(), { timeoutMs: 5000, keepsAlive: true })).toMatchObject({ status: 200 });
  expect('webhook-signature' in sink.requests[0]!.headers).toBe(signed);
  transport.close();
  await sink.close();
});
