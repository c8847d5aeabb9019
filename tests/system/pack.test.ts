import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encode, numbered } from '../support/build.ts';
import { Collector, yamlOf } from '../support/collector.ts';
import { ROOT } from '../support/tree.ts';

const run = promisify(execFile);
const QUIET = ['--no-audit', '--no-fund', '--loglevel=error'];
const PACKAGE = 'node_modules/@periscope-otel/collector';

let folder: string;
let tarball: string;
/** Why the package cannot be installed here, or ''. */
let cannot = '';

/** What is packed is what `npm test` has built; the scripts are off so that nothing is built under other tests' feet. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'periscope-pack-'));
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder, ...QUIET], { cwd: ROOT });
  tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz')) ?? '';
  await writeFile(join(folder, 'package.json'), '{ "private": true }');
  // Offline: the cache holds what `npm ci` fetched, and a test does not reach for a network.
  const install = spawnSync('npm', ['install', '--offline', '--omit=dev', '--ignore-scripts', ...QUIET, `./${tarball}`], {
    cwd: folder,
    encoding: 'utf8',
  });
  if (install.status !== 0) cannot = install.stderr;
});

afterAll(async () => rm(folder, { recursive: true, force: true }));

describe('the package, installed with --omit=dev into an empty folder', () => {
  it('holds the build, the configurations and no tests or benches', async () => {
    const { stdout } = await run('tar', ['-tzf', join(folder, tarball)]);
    const files = stdout
      .trim()
      .split('\n')
      .map((path) => path.replace(/^package\//, ''));
    expect(files).toEqual(
      expect.arrayContaining([
        'dist/agent/collector/main.js',
        'dist/server/page/index.html',
        'config/default.yaml',
        'config/embedded.yaml',
        'config/schema.json',
        'config/examples/gateway.yaml',
        'README.md',
        'LICENSE',
      ]),
    );
    expect(files.filter((path) => /(^|\/)(tests|bench)\/|\.ts$/.test(path) && !path.endsWith('.d.ts'))).toEqual([]);
  });

  it('validates and runs, and takes a request', async (context) => {
    if (cannot !== '') {
      // A cache without the dependencies is a machine's business; in CI it has just been filled.
      expect(process.env['CI'], cannot).not.toBe('true');
      context.skip(`npm's cache cannot serve the dependencies: ${cannot.split('\n')[0]}`);
    }
    const validate = await run(
      join(folder, 'node_modules/.bin/periscope'),
      ['validate', '--config', join(folder, PACKAGE, 'config/default.yaml')],
      { cwd: folder },
    );
    expect(validate.stdout + validate.stderr).not.toContain('cannot');

    const main = join(folder, PACKAGE, 'dist/agent/collector/main.js');
    await using collector = await Collector.start(
      yamlOf({ exporters: '  debug:\n', processors: '  sanitize:\n  batch:\n', chain: ['sanitize', 'batch'] }),
      { main },
    );
    expect((await collector.send('/v1/metrics', encode('metrics', numbered('metrics', 5)))).status).toBe(200);
    expect(await collector.stop()).toEqual({ code: 0, signal: null });
    expect(collector.output).toContain('debug: delivered 5 data points');
  });
});
