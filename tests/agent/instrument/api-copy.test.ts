import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { metrics } from '@opentelemetry/api';
import { afterEach, describe, expect, it } from 'vitest';
import { copyToRegister, deafCopy, mismatch, programCopy } from '../../../agent/instrument/api-copy.ts';
import { temporaryFolders } from '../../support/temporary.ts';

const folders = temporaryFolders();
// As `disable` leaves the version behind.
afterEach(() => void Reflect.deleteProperty(globalThis, Symbol.for('opentelemetry.js.api.1')));

describe('a copy beside the one that the agent registers with', () => {
  it.each([
    ['1.9.1', '1.9.1', undefined],
    ['1.10.0', '1.9.1', undefined],
    ['1.9.1', '1.10.0', /newer than 1\.9\.1/],
    ['1.9.1', '2.0.0', /major version 2/],
    ['1.9.1', '0.21.0', /major version 0/],
    ['1.9.1', 'next', /cannot be compared/],
  ])('registered by %s, measured by %s: %s', (registered, caller, fault) => {
    const said = mismatch(registered, caller);
    if (fault === undefined) expect(said).toBeUndefined();
    else expect(said).toMatch(fault);
  });
});

function program(version: string): string {
  const root = realpathSync(folders());
  const modules = join(root, 'shop/node_modules/@opentelemetry/api');
  mkdirSync(modules, { recursive: true });
  writeFileSync(join(modules, 'package.json'), JSON.stringify({ version }));
  writeFileSync(join(root, 'shop/app.js'), '');
  // As npm links a program.
  symlinkSync(join(root, 'shop/app.js'), join(root, 'shop.js'));
  return join(root, 'shop.js');
}

/** The version in which the agent registers. */
const registered = (main: string, agent: string): string | undefined => copyToRegister(programCopy(main), agent)?.version;
const besideAgent = (): string => dirname(realpathSync(program('1.9.1')));

describe('the version in which the agent registers', () => {
  // Before 1.3 the API has no metrics: such a program traces, and could not register its tracer beside another version.
  it.each(['1.0.0', '1.3.0', '1.9.1', '1.999.0', '1.11.0-beta.1'])(
    'is that of the copy which the program gets: %s',
    (version) => {
      expect(registered(program(version), folders())).toBe(version);
      expect(registered(program(version), besideAgent())).toBe(version);
    },
  );

  it.each(['2.0.0', '0.21.0', 'next'])('is that of the copy beside the agent where the program has %s', (version) => {
    const main = program(version);
    expect(registered(main, besideAgent())).toBe('1.9.1');
    expect(registered(main, folders())).toBeUndefined();
  });

  it('is that of the copy beside the agent where the program has none', () => {
    expect(registered(join(realpathSync(folders()), 'app.js'), besideAgent())).toBe('1.9.1');
  });

  it.each(['shop', 'shop/app', 'shop/app.js', 'shop.js'])('is that of the program, written as %s', (written) => {
    const root = dirname(program('1.4.0'));
    mkdirSync(join(root, 'node_modules/@opentelemetry/api'), { recursive: true });
    writeFileSync(join(root, 'node_modules/@opentelemetry/api/package.json'), '{"version":"1.9.1"}');
    expect(registered(join(root, written), folders())).toBe('1.4.0');
  });
});

describe('the copy that the program gets', () => {
  const register = (): void => void metrics.setGlobalMeterProvider({ getMeter: () => metrics.getMeter('none') });

  it('is told of when it is newer than the one that registers, with its path', () => {
    const main = program('1.999.0');
    register();
    expect(deafCopy(programCopy(main))).toMatch(
      /shop\/node_modules\/@opentelemetry\/api: what it measures goes nowhere: 1\.999\.0 is newer/,
    );
  });

  it('is not when it sees what is registered, when nothing is, and when there is none', () => {
    const newer = program('1.999.0');
    expect(deafCopy(programCopy(newer))).toBeUndefined();
    register();
    expect(deafCopy(programCopy(program('1.0.0')))).toBeUndefined();
    expect(deafCopy(programCopy(join(realpathSync(folders()), 'missing.js')))).toBeUndefined();
  });
});
