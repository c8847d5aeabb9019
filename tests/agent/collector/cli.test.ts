import { describe, expect, it } from 'vitest';
import { createProgram, withDefaultCommand, type Actions } from '../../../agent/collector/cli.ts';
import { packageVersion } from '../../../agent/collector/package-root.ts';

/** Runs the command line with actions that only note what was asked; `code` is what commander or the action gives. */
async function invoke(...args: string[]): Promise<{ chosen: unknown[]; out: string; err: string; code: number }> {
  const seen = { chosen: [] as unknown[], out: '', err: '', code: -1 };
  const note = (name: string) => (options: unknown, more?: unknown) => {
    seen.chosen = [name, options, ...(more === undefined ? [] : [more])];
    return Promise.resolve(0);
  };
  const actions: Actions = {
    run: note('run'),
    validate: note('validate'),
    components: note('components'),
    printConfig: note('print-config'),
    scopes: note('scopes'),
    scopesCheck: note('scopes check'),
    perf: note('perf'),
    sql: note('sql'),
    top: note('top'),
    auditSearch: note('audit search'),
    auditVerify: note('audit verify'),
    auditRotateKey: note('audit rotate-key'),
    tokenCreate: note('token create'),
    tokenInspect: note('token inspect'),
    tokenRevoke: note('token revoke'),
  };
  const program = createProgram(actions, (code) => (seen.code = code));
  for (const command of [program, ...program.commands.flatMap((each) => [each, ...each.commands])]) {
    command
      .exitOverride()
      .configureOutput({ writeOut: (text) => void (seen.out += text), writeErr: (text) => void (seen.err += text) });
  }
  try {
    await program.parseAsync(withDefaultCommand(args), { from: 'user' });
  } catch (error) {
    seen.code = (error as { exitCode: number }).exitCode;
  }
  return seen;
}

describe('the command line', () => {
  it('runs with the shipped configuration when nothing is said', async () => {
    expect(await invoke()).toMatchObject({ chosen: ['run', { config: [], set: [] }], code: 0 });
  });

  it('makes, explains and voids tokens', async () => {
    expect(await invoke('token', 'create', '--subject', 'a', '--scopes', 'A,B', '-c', 'x.yaml')).toMatchObject({
      chosen: ['token create', { subject: 'a', scopes: 'A,B', permissions: 'ingest', expires: '90d', config: ['x.yaml'] }],
      code: 0,
    });
    expect((await invoke('token', 'create', '--subject', 'a')).err).toMatch(/required option.*--scopes/);
    expect((await invoke('token', 'inspect', '-')).chosen).toMatchObject(['token inspect', '-', { config: [] }]);
    expect((await invoke('token', 'revoke', 'id-1')).chosen).toMatchObject(['token revoke', 'id-1', { config: [] }]);
  });

  it('changes the key of the audit log', async () => {
    expect((await invoke('audit', 'rotate-key', '--directory', 'd')).chosen).toMatchObject([
      'audit rotate-key',
      { directory: 'd' },
    ]);
  });

  it('takes options without the word run', async () => {
    expect((await invoke('--config', 'a.yaml', '--set', 'a.b=c', '-c', 'b.yaml')).chosen).toEqual([
      'run',
      { config: ['a.yaml', 'b.yaml'], set: ['a.b=c'] },
    ]);
  });

  it.each([
    ['run', { config: ['x'], set: [], skipUnsupported: true }, ['run', '--config', 'x', '--skip-unsupported']],
    ['validate', { config: ['x'], set: [] }, ['validate', '-c', 'x']],
    ['components', { format: 'yaml' }, ['components', '--format', 'yaml']],
    ['print-config', { config: [], set: [], withDefaults: true }, ['print-config', '--with-defaults']],
    ['scopes', { config: [], set: [] }, ['scopes']],
    ['scopes', { config: ['x'], set: [], json: true }, ['scopes', '--json', '-c', 'x']],
    ['scopes check', { config: [], set: [] }, ['scopes', 'check']],
    ['scopes check', { config: ['x'], set: ['a=b'], json: true }, ['scopes', 'check', '-c', 'x', '--json', '--set', 'a=b']],
    ['scopes check', { config: ['x'], set: [], json: true }, ['scopes', '--json', '--config', 'x', 'check']],
  ])('%s', async (name, options, args) => {
    expect((await invoke(...args)).chosen).toEqual([name, options]);
  });

  it('suggests the command that was meant', async () => {
    const { err, code } = await invoke('validat');
    expect(err).toContain('Did you mean validate?');
    expect(code).toBe(1);
  });

  it('suggests the option that was meant', async () => {
    expect((await invoke('run', '--confg', 'x')).err).toContain('Did you mean --config?');
  });

  it('--help teaches with examples', async () => {
    const { out } = await invoke('--help');
    for (const part of [
      'periscope run --config gateway.yaml',
      'validate',
      'components',
      'print-config',
      'scopes',
      'OTEL_EXPORTER_OTLP_ENDPOINT',
    ]) {
      expect(out).toContain(part);
    }
  });

  it('--version prints the version of the package', async () => {
    expect((await invoke('--version')).out.trim()).toBe(packageVersion());
  });
});
