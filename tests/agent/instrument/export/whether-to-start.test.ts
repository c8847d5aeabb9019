import { describe, expect, it } from 'vitest';
import { whyNotToStart } from '../../../../agent/instrument/export/whether-to-start.ts';

const ON = { disabled: false };

describe('whether the agent starts', () => {
  it.each(['/srv/app/server.js', '/srv/app/npm/index.js', undefined, '/srv/eslint-report/main.mjs', 'C:\\app\\server.js'])(
    'in %s',
    (main) => {
      expect(whyNotToStart(ON, main, true)).toBeUndefined();
    },
  );

  it.each([
    '/usr/lib/node_modules/npm/bin/npm-cli.js',
    '/a/node_modules/.bin/tsc',
    '/a/eslint/bin/eslint.js',
    '/a/node_modules/.bin/concurrently',
    // The app of each is a process of its own.
    '/a/node_modules/.bin/tsx',
    '/a/node_modules/pm2/bin/pm2',
    'C:\\x\\pnpm.cjs',
  ])('not in the tool %s', (main) => {
    expect(whyNotToStart(ON, main, true)).toContain('is a tool');
  });

  it('not in a worker thread, not when it is switched off', () => {
    expect(whyNotToStart(ON, '/app.js', false)).toContain('worker thread');
    expect(whyNotToStart({ disabled: true }, '/app.js', true)).toContain('OTEL_SDK_DISABLED');
  });
});
