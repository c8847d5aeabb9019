#!/usr/bin/env node
import { StartError } from '../../pipeline/errors.ts';
import type { Actions } from './cli.ts';
import type { RunOptions } from './configs.ts';
import { awaitHangups } from './hangups.ts';
import { runOptions } from './run-args.ts';
import { beginLoading, endLoading } from './while-loading.ts';

const LINGER_MS = 1000;
const DEMO_SEED = '1';

// The terminal may go away (a closed pipe, a lost session); that is no reason to lose telemetry.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const report = (text: string): void => void process.stderr.write(`${text}\n`);

/** A seed alone asks for it, too. */
const demoOf = ({ demo, demoSeed }: RunOptions): string | undefined => (demo === true ? (demoSeed ?? DEMO_SEED) : demoSeed);

// Each command loads its own code: `run` must be quick, `--help` needs none of it.
const actions: Actions = {
  async run(options) {
    awaitHangups();
    const [{ originOf }, { run }] = await Promise.all([import('./configs.ts'), import('./run.ts')]);
    return run(originOf(options), report, endLoading, demoOf(options));
  },
  async validate(options) {
    const { validate } = await import('./commands.ts');
    const { ok, text } = await validate(options);
    (ok ? print : report)(text);
    return ok ? 0 : 1;
  },
  async components({ format }) {
    const { components } = await import('./commands.ts');
    print(components(format));
    return 0;
  },
  async printConfig(options) {
    const { printConfiguration } = await import('./commands.ts');
    print(await printConfiguration(options));
    return 0;
  },
  async scopes(options) {
    const { printScopes } = await import('./scopes.ts');
    return printScopes(options, process.stdout, process.stderr);
  },
  async scopesCheck(options) {
    const { printScopesCheck } = await import('./scopes.ts');
    return printScopesCheck(options, process.stdout, process.stderr);
  },
  async perf(options) {
    const { printPerf } = await import('./perf.ts');
    const stop = new AbortController();
    process.once('SIGINT', () => stop.abort()).once('SIGTERM', () => stop.abort());
    return printPerf(options, process.stdout, stop.signal);
  },
  async sql(text, options) {
    const { askSql } = await import('./sql.ts');
    const stop = new AbortController();
    process.once('SIGINT', () => stop.abort()).once('SIGTERM', () => stop.abort());
    return askSql(text, options, { in: process.stdin, out: process.stdout, err: process.stderr }, stop.signal);
  },
  async top(options) {
    const { showTop } = await import('./top.ts');
    const stop = new AbortController();
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => stop.abort());
    return showTop(options, process.stdout, process.stdin, stop.signal);
  },
  async auditSearch(options) {
    const { auditSearch } = await import('./audit-commands.ts');
    print(await auditSearch(options));
    return 0;
  },
  async auditVerify(options) {
    const { auditVerify } = await import('./audit-commands.ts');
    const { ok, text } = await auditVerify(options);
    (ok ? print : report)(text);
    return ok ? 0 : 1;
  },
  async auditRotateKey(options) {
    const { auditRotateKey } = await import('./audit-commands.ts');
    print(await auditRotateKey(options));
    return 0;
  },
  async tokenCreate(options) {
    const { createTokenText } = await import('./token.ts');
    print(await createTokenText(options));
    return 0;
  },
  async tokenInspect(given, options) {
    const { inspectToken, tokenArgument } = await import('./token.ts');
    const { text, good } = await inspectToken(await tokenArgument(given), options);
    print(text);
    return good ? 0 : 1;
  },
  async tokenRevoke(given, options) {
    const { revokeTokenText, tokenArgument } = await import('./token.ts');
    print(await revokeTokenText(await tokenArgument(given), options));
    return 0;
  },
};

/** Output may still be on its way into a pipe, so the process ends by itself; the timer is for what holds it. */
function leave(code: number): void {
  process.exitCode = code;
  setTimeout(() => process.exit(code), LINGER_MS).unref();
}

/** A StartError is for the person and says all; anything else is a bug of ours and shows where. */
function fail(error: unknown): void {
  report(
    error instanceof StartError
      ? `periscope: ${error.message}`
      : error instanceof Error
        ? (error.stack ?? error.message)
        : String(error),
  );
  process.exit(1);
}

process.on('uncaughtException', fail);
process.on('unhandledRejection', fail);
const args = process.argv.slice(2);
const plainRun = runOptions(args);
if (plainRun === undefined) {
  const { createProgram, withDefaultCommand } = await import('./cli.ts');
  await createProgram(actions, leave).parseAsync(withDefaultCommand(args), { from: 'user' });
} else {
  beginLoading();
  leave(await actions.run(plainRun));
}
