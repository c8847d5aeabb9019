import { Command, Option } from 'commander';
import { AUDIT_SEVERITIES, AUDIT_TYPES } from '../../pipeline/audit.ts';
import type { ApiOptions } from './api-client.ts';
import type { AuditOptions, AuditSearchOptions, AuditVerifyOptions } from './audit-commands.ts';
import type { ConfigOptions, RunOptions } from './configs.ts';
import { packageVersion } from './package-root.ts';
import type { PerfOptions } from './perf.ts';
import type { SqlOptions } from './sql.ts';
import type { TokenCreateOptions } from './token.ts';

/** What a command does when it is chosen. Resolves to the exit code. */
export interface Actions {
  run(options: RunOptions): Promise<number>;
  validate(options: ConfigOptions): Promise<number>;
  components(options: { readonly format: 'table' | 'yaml' }): Promise<number>;
  printConfig(options: ConfigOptions & { readonly withDefaults?: boolean }): Promise<number>;
  scopes(options: ScopesOptions): Promise<number>;
  scopesCheck(options: ScopesOptions): Promise<number>;
  perf(options: PerfOptions): Promise<number>;
  sql(text: string | undefined, options: SqlOptions): Promise<number>;
  top(options: ApiOptions): Promise<number>;
  auditSearch(options: AuditSearchOptions): Promise<number>;
  auditVerify(options: AuditVerifyOptions): Promise<number>;
  auditRotateKey(options: AuditOptions): Promise<number>;
  tokenCreate(options: TokenCreateOptions): Promise<number>;
  tokenInspect(token: string, options: ConfigOptions): Promise<number>;
  tokenRevoke(token: string, options: ConfigOptions): Promise<number>;
}

export interface ScopesOptions extends ConfigOptions {
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  periscope                                     run with the shipped configuration: OTLP on localhost:4318, dashboard on localhost:3004
  periscope run --demo                          with a small shop that sends, to look around
  periscope run --config gateway.yaml           run your own; the Go collector's YAML is understood
  periscope run --config base.yaml --config site.yaml --set processors.batch.timeout=1s
                                                several are merged, later ones win, --set comes last
  periscope validate --config gateway.yaml      every fault at once, with its line and the nearest valid name
  periscope print-config --with-defaults        what really runs, secrets left out
  periscope top                                 what arrives at the one that runs, live in the terminal
  periscope scopes check --config gateway.yaml  judge the scope matrix; exit 1 when it is unsound
  periscope audit search --type SCOPE_VIOLATION --since 24h
                                                who claimed a scope that is not theirs
  periscope sql "select * from services"         ask the last minutes; periscope sql alone is a prompt
  periscope token create --subject agent-1 --scopes ENTERPRISE
                                                a token for a sender, signed with the configuration's key
  DASHBOARD_SCOPE=ENTERPRISE periscope run      fix the scope of everything that comes in

Send something to it:
  export OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
`;

const collect = (value: string, before: readonly string[]): string[] => [...before, value];

function withConfig(command: Command): Command {
  return command
    .option(
      '-c, --config <source>',
      'file, file:path, env:NAME or yaml:text; repeat to merge (default: the shipped one)',
      collect,
      [],
    )
    .option('--set <a.b=value>', 'set one value, after all files; repeat for more (a::b=value when a key has a dot)', collect, [])
    .option('--skip-unsupported', 'leave out components that only the Go collector has, and run the rest');
}

/** Without a command it is `run`. Not commander's own default command: that one would take a misspelt command for an argument. */
export function withDefaultCommand(args: readonly string[]): string[] {
  const first = args[0] ?? '';
  const chosen = first !== '' && (!first.startsWith('-') || ['-h', '--help', '-V', '--version'].includes(first));
  return chosen ? [...args] : ['run', ...args];
}

/** The command line. `exit` gets the exit code of the chosen command. */
export function createProgram(actions: Actions, exit: (code: number) => void): Command {
  const program = new Command('periscope')
    .description('An OpenTelemetry collector: every tenant apart, clean, on its way.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'explain a command')
    .showSuggestionAfterError()
    .showHelpAfterError('(periscope --help explains)')
    .addHelpText('after', EXAMPLES);
  withConfig(program.command('run'))
    .description('receive, bind, clean and send on, until Ctrl-C (this is the default)')
    .option('--demo', 'a small shop sends traces, logs and metrics, so that there is something to see')
    .option('--demo-seed <text>', 'what happens in the shop is drawn from this; the same seed tells the same story')
    .action(async (options: RunOptions) => exit(await actions.run(options)));
  withConfig(program.command('validate'))
    .description('check a configuration and start nothing; exit 1 with every fault, its line and what to use instead')
    .action(async (options: ConfigOptions) => exit(await actions.validate(options)));
  program
    .command('components')
    .description('list every receiver, processor, exporter and extension of this build')
    .addOption(new Option('--format <format>', 'for people or for programs').choices(['table', 'yaml']).default('table'))
    .action(async (options: { format: 'table' | 'yaml' }) => exit(await actions.components(options)));
  withConfig(program.command('print-config'))
    .description('print the configuration merged and substituted, secrets redacted')
    .option('--with-defaults', 'with every option that was not written')
    .action(async (options: ConfigOptions & { withDefaults?: boolean }) => exit(await actions.printConfig(options)));
  addScopes(program, actions, exit);
  addPerf(program, actions, exit);
  addSql(program, actions, exit);
  addTop(program, actions, exit);
  addAudit(program, actions, exit);
  addToken(program, actions, exit);
  return program;
}

function addScopes(program: Command, actions: Actions, exit: (code: number) => void): void {
  const scopes = withConfig(program.command('scopes'))
    .description('print the scope matrix and the scope this machine runs as; tab-separated when it is not read by a person')
    .option('--json', 'as JSON')
    .action(async (options: ScopesOptions) => exit(await actions.scopes(options)));
  withConfig(scopes.command('check'))
    .description('judge the scope matrix: every check and guardrail; exit 1 when one fails')
    .option('--json', 'as JSON')
    .action(async (own: ScopesOptions) => {
      // Options stand before or after the word `check`; commander gives them to the one or the other.
      const outer = scopes.opts<ScopesOptions>();
      const lists = { config: [...outer.config, ...own.config], set: [...outer.set, ...own.set] };
      exit(await actions.scopesCheck({ ...outer, ...own, ...lists }));
    });
}

function addPerf(program: Command, actions: Actions, exit: (code: number) => void): void {
  withConfig(program.command('perf'))
    .description('print MASTER_PERF of the collector that runs; tab-separated when it is not read by a person')
    .option('--json', 'as JSON; with --follow a row a line')
    .option('--follow', 'again each second, until Ctrl-C; for programs what is new or has changed')
    .option('--scope <name>', 'of this scope (default: the one that the collector runs as)')
    .option('--url <url>', 'of the API (default: as the configuration says)')
    .action(async (options: PerfOptions) => exit(await actions.perf(options)));
}

function addSql(program: Command, actions: Actions, exit: (code: number) => void): void {
  withConfig(program.command('sql [query]'))
    .description('ask the windows of the collector that runs; without a query a prompt, or what stdin says')
    .option('--json', 'the whole answer as JSON')
    .option('--csv', 'the rows as CSV')
    .option('--scope <name>', 'of this scope (default: the one that the collector runs as)')
    .option('--url <url>', 'of the API (default: as the configuration says)')
    .action(async (query: string | undefined, options: SqlOptions) => exit(await actions.sql(query, options)));
}

function addTop(program: Command, actions: Actions, exit: (code: number) => void): void {
  withConfig(program.command('top'))
    .description('what arrives, who sends it and where it goes, live in the terminal until q; for a program once')
    .option('--scope <name>', 'of this scope (default: the one that the collector runs as)')
    .option('--url <url>', 'of the API (default: as the configuration says)')
    .action(async (options: ApiOptions) => exit(await actions.top(options)));
}

/** `periscope audit search | verify | rotate-key`. */
function addAudit(program: Command, actions: Actions, exit: (code: number) => void): void {
  const audit = program.command('audit').description('search the audit log, or prove that nobody changed it');
  const folder = '--directory <folder>';
  withConfig(audit.command('search'))
    .description('the records that match, the last ones at the end, and exact counts of all that do')
    .option('--scope <name>', 'done in or as this scope')
    .addOption(new Option('--type <type>', 'of this type').choices([...AUDIT_TYPES, 'LOG']))
    .addOption(new Option('--severity <severity>', 'this severity or a graver one').choices([...AUDIT_SEVERITIES]))
    .option('--client <address>', 'from this address')
    .option('--user <name>', 'by this subject')
    .option('--since <time>', 'not before: 15m, 24h, 7d ago, or a time such as 2026-01-31T12:00:00Z')
    .option('--until <time>', 'before: the same')
    .option('--limit <records>', 'show at most so many, the last ones', '100')
    .addOption(new Option('--format <format>', 'for people, or a record a line').choices(['table', 'json']).default('table'))
    .option(folder, 'the folder of the log (default: as the configuration says)')
    .action(async (options: AuditSearchOptions) => exit(await actions.auditSearch(options)));
  withConfig(audit.command('verify'))
    .description('read the whole log; exit 1 with the first record that is not what was written')
    .option(folder, 'the folder of the log (default: as the configuration says)')
    .option('--public-key <file>', 'the key that signs the checkpoints (default: the one in the storage directory)')
    .option('--checkpoint <file>', 'checkpoints that were kept elsewhere, a line each; repeat for more', collect, [])
    .action(async (options: AuditVerifyOptions) => exit(await actions.auditVerify(options)));
  withConfig(audit.command('rotate-key'))
    .description('let a new key sign the checkpoints, endorsed by the one before; while no collector writes the log')
    .option(folder, 'the folder of the log, in the storage directory (default: as the configuration says)')
    .action(async (options: AuditOptions) => exit(await actions.auditRotateKey(options)));
}

function addToken(program: Command, actions: Actions, exit: (code: number) => void): void {
  const token = program
    .command('token')
    .description('make, explain and void the tokens that senders and callers of the API show');
  withConfig(token.command('create'))
    .description('print a new token, and nothing else')
    .requiredOption('--subject <name>', 'whom it is for')
    .requiredOption('--scopes <a,b>', 'what it may send and read as; several make a gateway')
    .option('--permissions <a,b>', 'ingest, query, stream, admin', 'ingest')
    .option('--expires <duration>', 'how long it lives: 12h, 90d; at most 366d', '90d')
    .action(async (options: TokenCreateOptions) => exit(await actions.tokenCreate(options)));
  withConfig(token.command('inspect <token>'))
    .description('print what a token says and whether it is taken; - reads it from stdin; exit 1 when it is not')
    .action(async (given: string, options: ConfigOptions) => exit(await actions.tokenInspect(given, options)));
  withConfig(token.command('revoke <token>'))
    .description('void a token, or the id (jti) of one; - reads it from stdin')
    .action(async (given: string, options: ConfigOptions) => exit(await actions.tokenRevoke(given, options)));
}
