import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A configuration in `folder` whose API is at `host`, and its owner's token `psk_test`, as a collector would have left them. */
export function ownerConfig(folder: string, host: string): { readonly config: string; readonly storage: string } {
  const storage = join(folder, 'state');
  mkdirSync(storage, { mode: 0o700 });
  writeFileSync(join(storage, 'token'), 'psk_test\n', { mode: 0o600 });
  const config = join(folder, 'c.yaml');
  writeFileSync(
    config,
    `receivers: { otlp: { protocols: { http: } } }
exporters: { debug: }
extensions: { dashboard: { endpoint: "${host}" } }
storage: { directory: ${storage} }
service: { extensions: [dashboard], pipelines: { logs: { receivers: [otlp], exporters: [debug] } } }
`,
  );
  return { config, storage };
}
